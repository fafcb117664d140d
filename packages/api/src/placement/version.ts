const VERSION = /^v?(\d{1,15}(?:\.\d{1,15}){0,7})(?![\d.])(?:[-+_~ ].*)?$/i;

/**
 * The parts of a number or version: `8` is 8, `v5.10.2-amd64` is 5, 10, 2; what follows a `-`, `+`, `_`, `~` or a space does not count.
 * `undefined` when the text is neither.
 */
export function versionParts(text: string): number[] | undefined {
  return VERSION.exec(text.trim())?.[1]?.split('.').map(Number);
}

/** Below 0 when `a` comes before `b`. Part by part, as versions are: 5.9 before 5.10; a part that is missing is 0. */
export function compareVersions(a: readonly number[], b: readonly number[]): number {
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
