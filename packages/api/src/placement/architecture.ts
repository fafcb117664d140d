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
