const UNIT_MS: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, μs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** A year: the bound of every duration in the contract. */
const MAX_MS = 31_536_000_000;

/**
 * Whole milliseconds of `1m30s`, `1h`, `100ms`, `1.5s` or `0`; undefined if it is none, negative, or over a year.
 * What is shorter than a millisecond but not nothing becomes 1. Source of the grammar: Go `time.ParseDuration`.
 */
export function parseDurationMs(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^\+?(\d+(\.\d*)?(ns|us|µs|μs|ms|s|m|h))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|μs|ms|s|m|h)/g)) ms += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  if (ms > MAX_MS) return undefined;
  return ms > 0 ? Math.max(1, Math.round(ms)) : 0;
}
