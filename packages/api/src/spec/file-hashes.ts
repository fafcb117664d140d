import type { ContainerSpec } from './container-spec.js';

type FileKind = 'configs' | 'secrets';
type Files = Pick<ContainerSpec, FileKind>;

/** Hash by name of each config and secret that a container mounts. A name that both kinds have gets both hashes. */
export function fileHashesOf(container: Files, hashOf: (kind: FileKind, name: string) => string | undefined): Record<string, string> {
  const hashes: Record<string, string> = {};
  for (const kind of ['configs', 'secrets'] as const) {
    for (const name of new Set(container[kind].map((file) => file.source))) {
      const hash = hashOf(kind, name);
      if (hash !== undefined) hashes[name] = Object.hasOwn(hashes, name) ? `${hashes[name]}+${hash}` : hash;
    }
  }
  return hashes;
}

/** What `fileHashesOf` noted for one of the names; undefined when it knew none. */
export function fileHashOf(fileHashes: Readonly<Record<string, string>>, kind: FileKind, name: string): string | undefined {
  const [first, second] = fileHashes[name]?.split('+') ?? [];
  return kind === 'secrets' && second !== undefined ? second : first;
}

/** Each config and secret that a container mounts, once, with the hash of its content. */
export function* filesOf(
  container: Files,
  fileHashes: Readonly<Record<string, string>>,
): Iterable<{ kind: FileKind; name: string; hash: string }> {
  for (const kind of ['configs', 'secrets'] as const) {
    for (const name of new Set(container[kind].map((file) => file.source))) {
      const hash = fileHashOf(fileHashes, kind, name);
      if (hash !== undefined) yield { kind, name, hash };
    }
  }
}
