import { usageFailure } from '../failure.js';
import { parseDuration } from '../output/units.js';

/** What the manager takes for replicas; more than anybody asks for of anything else. */
const MAX_COUNT = 1_000_000;

/** For `OptionDefinition.parse`: milliseconds of `90s`, `1m30s`; a bare number is seconds. */
export function durationValue(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw usageFailure(`"${text}" is no duration`, 'write it as 30s, 5m or 1h30m');
  return ms;
}

export function countValue(text: string): number {
  if (!/^\d+$/.test(text)) throw usageFailure(`"${text}" is no whole number of 0 or more`);
  if (Number(text) > MAX_COUNT) throw usageFailure(`${text} is too many: the most is ${MAX_COUNT}`);
  return Number(text);
}

/** A number of things of which there must be one at least. */
export function positiveValue(text: string): number {
  const count = countValue(text);
  if (count === 0) throw usageFailure('0 is too few: the least is 1');
  return count;
}

/** `KEY=value`; the value may be empty and may hold `=`. */
export function pairValue(text: string, example = 'zone=eu-1'): [key: string, value: string] {
  const cut = text.indexOf('=');
  if (cut < 1) throw usageFailure(`"${text}" has not the form KEY=VALUE`, `write it as ${example}`);
  return [text.slice(0, cut), text.slice(cut + 1)];
}

/** A moment as RFC 3339 (`2030-01-01T00:00:00Z`) or as a duration before now (`10m`). @returns milliseconds since 1970. */
export function momentValue(text: string, nowMs: number): number {
  const ago = parseDuration(text);
  if (ago !== undefined) return nowMs - ago;
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw usageFailure(`"${text}" is no moment`, 'write it as 10m (ago) or 2030-01-01T12:00:00Z');
  return at;
}
