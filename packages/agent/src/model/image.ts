import type { ContainerSpec } from '@tessera/api';

/** What the engine is asked for: the image by its digest where that is known, since a tag may mean another one by now. */
export function engineReference({ image, digest }: Pick<ContainerSpec, 'image' | 'digest'>): string {
  if (digest === undefined || image.includes('@')) return image;
  const colon = image.lastIndexOf(':');
  const name = colon > image.lastIndexOf('/') ? image.slice(0, colon) : image;
  return `${name}@${digest}`;
}
