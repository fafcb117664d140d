const UNITS: Readonly<Record<string, number>> = { '': 0, b: 0, k: 1, m: 2, g: 3, t: 4, p: 5 };

/**
 * Bytes of `1.5g`, `512M`, `100b` or a plain number; units count by 1024, `kb` and `kib` mean the same as `k`.
 * Undefined if it is none. Source of the grammar: docker/go-units `RAMInBytes`.
 */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([bkmgtp]?)(?:i?b)?$/i.exec(text.trim());
  const power = UNITS[(match?.[2] ?? '').toLowerCase()];
  if (match === null || power === undefined) return undefined;
  const bytes = Math.floor(Number(match[1]) * 1024 ** power);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}
