/** POSIX paths without `node:path`, which the contract package does not import. Compose files always use `/`. */

export function isAbsolute(path: string): boolean {
  return path.startsWith('/');
}

/** Resolves `.`, `..` and doubled slashes; never ends with `/` but for the root. */
export function normalize(path: string): string {
  const steps: string[] = [];
  for (const step of path.split('/')) {
    if (step === '' || step === '.') continue;
    if (step === '..' && steps.length > 0 && steps.at(-1) !== '..') steps.pop();
    else if (step !== '..' || !isAbsolute(path)) steps.push(step);
  }
  if (isAbsolute(path)) return `/${steps.join('/')}`;
  return steps.join('/') || '.';
}

/** `path` as seen from the folder `base`. */
export function resolve(base: string, path: string): string {
  return normalize(isAbsolute(path) ? path : `${base}/${path}`);
}

export function dirname(path: string): string {
  const cut = path.lastIndexOf('/');
  if (cut < 0) return '.';
  return cut === 0 ? '/' : path.slice(0, cut);
}

export function basename(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
