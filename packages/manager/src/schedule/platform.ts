import type { Node, Placement } from '@tessera/api';

/** Go's name (which images carry) for a machine's own name of its architecture. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  armv8l: 'arm64',
  i386: '386',
  i686: '386',
  armv7l: 'arm',
  armhf: 'arm',
};

export function normaliseArchitecture(name: string): string {
  const lower = name.toLowerCase();
  return ARCHITECTURES[lower] ?? lower;
}

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
