const DEFAULT_REGISTRY = /^(?:index\.)?docker\.io\//;

/**
 * One name for all ways to write the same image: without Docker's own registry, with a tag, or with the digest alone where there is one.
 * `docker.io/library/nginx` is `nginx:latest`.
 */
export function imageName(reference: string): string {
  const [name = '', digest] = reference
    .replace(DEFAULT_REGISTRY, '')
    .replace(/^library\//, '')
    .split('@');
  const hasTag = name.lastIndexOf(':') > name.lastIndexOf('/');
  if (digest !== undefined) return `${hasTag ? name.slice(0, name.lastIndexOf(':')) : name}@${digest}`;
  return hasTag ? name : `${name}:latest`;
}
