import type { ContainerSpec } from './container-spec.js';

/** Whether the image of the container is whatever its tag means when a task starts: it has no digest, and may be pulled. */
export function isUnpinned({ image, digest, pullPolicy }: Pick<ContainerSpec, 'image' | 'digest' | 'pullPolicy'>): boolean {
  return digest === undefined && !image.includes('@') && pullPolicy !== 'never';
}
