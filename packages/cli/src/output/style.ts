import type { Io, Sink } from '../io.js';

/** Colours, or the same functions doing nothing. */
export interface Style {
  readonly colored: boolean;
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  /** One of six colours, the same for the same `key`. */
  hashed(key: string, text: string): string;
}

const RESET = '\u001b[0m';
/** Cyan, yellow, green, magenta, blue and bright cyan: readable on dark and light grounds; red is kept for errors. */
const HASH_COLORS = [36, 33, 32, 35, 34, 96];

export const PLAIN: Style = styleWith(false);

/** Colours only for a terminal that wants them. Source of NO_COLOR: https://no-color.org */
export function styleFor(sink: Sink, env: Io['env'], wanted: boolean): Style {
  return styleWith(wanted && sink.isTerminal && !env.NO_COLOR && env.TERM !== 'dumb');
}

export function styleWith(colored: boolean): Style {
  const paint = (code: number) => (text: string) => (colored ? `\u001b[${code}m${text}${RESET}` : text);
  return {
    colored,
    bold: paint(1),
    dim: paint(2),
    red: paint(31),
    green: paint(32),
    yellow: paint(33),
    hashed: (key, text) => paint(HASH_COLORS[hash(key) % HASH_COLORS.length] ?? 36)(text),
  };
}

function hash(key: string): number {
  let value = 0;
  for (const char of key) value = (Math.imul(value, 31) + (char.codePointAt(0) ?? 0)) >>> 0;
  return value;
}
