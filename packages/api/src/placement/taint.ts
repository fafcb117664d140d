import { TAINT_EFFECTS, type Taint, type Toleration } from '../spec/scheduling.js';

const KEY = '[a-zA-Z0-9](?:[a-zA-Z0-9_./-]{0,126}[a-zA-Z0-9])?';
const WRITTEN = new RegExp(String.raw`^(\*|${KEY})(?:=([a-zA-Z0-9_.-]{0,128}))?(?::(.*))?$`);

/** `dedicated=db:no-schedule`; the value may be left out. `undefined` when it is none. */
export function parseTaint(text: string): Taint | undefined {
  const written = parseToleration(text);
  if (written?.key === undefined || written.effect === undefined) return undefined;
  return { key: written.key, value: written.value ?? '', effect: written.effect };
}

/** `dedicated=db:no-schedule`, where value and effect may be left out and then fit anything; `*` fits every taint. `undefined` when it is none. */
export function parseToleration(text: string): Toleration | undefined {
  const [, key, value, effect] = WRITTEN.exec(text.trim()) ?? [];
  if (key === undefined || (key === '*' && value !== undefined)) return undefined;
  const known = TAINT_EFFECTS.find((name) => name === effect);
  if (effect !== undefined && known === undefined) return undefined;
  return { ...(key !== '*' && { key }), ...(value !== undefined && { value }), ...(known && { effect: known }) };
}

export function formatTaint({ key, value, effect }: Taint): string {
  return `${value === '' ? key : `${key}=${value}`}:${effect}`;
}

export function tolerates({ key, value, effect }: Toleration, taint: Taint): boolean {
  return (
    (key === undefined || key === taint.key) &&
    (value === undefined || value === taint.value) &&
    (effect === undefined || effect === taint.effect)
  );
}
