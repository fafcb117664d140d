const NANO_DIGITS = 9;

/** Billionths of a core of `0.5` or `2`, exactly; undefined if it is no such number or needs more than nine decimals. */
export function parseNanoCpus(text: string): number | undefined {
  const match = /^(\d*)(?:\.(\d*))?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, whole = '', fraction = ''] = match;
  const decimals = fraction.replace(/0+$/, '');
  if (whole + fraction === '' || decimals.length > NANO_DIGITS) return undefined;
  const nanos = Number(whole) * 1e9 + Number(decimals.padEnd(NANO_DIGITS, '0'));
  return nanos <= 1e15 ? nanos : undefined;
}
