import type { Node, Placement } from '@tessera/api';
import { normaliseArchitecture } from '@tessera/api/placement/architecture';

type Wanted = Placement['platforms'][number];

/** Whether a node is of one of the platforms; none asked for: any. */
export function hasPlatform(node: Node, platforms: readonly Wanted[]): boolean {
  return platforms.length === 0 || platforms.some((wanted) => isPlatform(node, wanted));
}

function isPlatform(node: Node, wanted: Wanted): boolean {
  const actual = node.description?.platform;
  if (!actual) return false;
  if (wanted.os && wanted.os.toLowerCase() !== actual.os.toLowerCase()) return false;
  return !wanted.architecture || normaliseArchitecture(wanted.architecture) === normaliseArchitecture(actual.architecture);
}
