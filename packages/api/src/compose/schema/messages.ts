import type { ErrorObject } from 'ajv';
import { didYouMean } from '../suggest.js';
import type { Schema } from './dsl.js';

/** What to tell a person about one fault of form. */
export interface Description {
  code: string;
  message: string;
  cure?: string;
  /** The fault lies with this key of the map. */
  key?: string;
  /** The fault lies with this item of the list. */
  item?: number;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
};

/** Turns ajv's view of a fault into a sentence. */
export function describe(error: ErrorObject): Description {
  const rule = error.parentSchema as Schema;
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownKey(String(error.params.additionalProperty), rule);
    case 'required':
      return { code: 'missing-key', message: `the key '${error.params.missingProperty}' is missing` };
    case 'type':
      return wrongType(error.data, rule);
    case 'enum':
      return unknownWord(error.data, rule);
    case 'pattern':
      return {
        code: 'bad-value',
        message: `${show(error.data)} is not allowed here`,
        cure: `write '${rule.pattern?.slice(1, -1)}' or use the list form`,
      };
    case 'uniqueItems':
      return {
        code: 'duplicate-item',
        message: `${show(itemAt(error.data, repeatedItem(error)))} stands in the list twice`,
        item: repeatedItem(error),
      };
    case 'minimum':
    case 'maximum':
      return outOfRange(error.data, rule);
    default:
      return { code: 'bad-value', message: error.message ?? 'is not valid' };
  }
}

function unknownKey(key: string, rule: Schema): Description {
  if (rule.names !== undefined) {
    return { code: 'bad-name', message: `'${key}' cannot name a ${rule.names}`, cure: "use letters, digits, '.', '_' and '-' only", key };
  }
  const guess = didYouMean(key, Object.keys(rule.properties ?? {}));
  return {
    code: 'unknown-key',
    message: `unknown key '${key}'${guess}`,
    ...(guess === '' && { cure: "see docs/compose.md for the keys; begin a key of your own with 'x-'" }),
    key,
  };
}

function wrongType(value: unknown, rule: Schema): Description {
  const wanted = rule.type.filter((type) => type !== 'null').map((type) => TYPE_NAMES[type] ?? type);
  const message = `must be ${joinOr([...new Set(wanted)])}, but is ${nameOf(value)}`;
  const isNumberForText = rule.type.includes('string') && (typeof value === 'number' || typeof value === 'boolean');
  return { code: 'wrong-type', message, ...(isNumberForText && { cure: `quote it: "${String(value)}"` }) };
}

function unknownWord(value: unknown, rule: Schema): Description {
  const words = (rule.enum ?? []).filter((word) => word !== null);
  return {
    code: 'bad-value',
    message: `${show(value)} is not one of ${words.join(', ')}${typeof value === 'string' ? didYouMean(value, words) : ''}`,
  };
}

function outOfRange(value: unknown, { minimum, maximum }: Schema): Description {
  if (minimum === undefined || maximum === undefined) {
    return {
      code: 'out-of-range',
      message: minimum === undefined ? `${value} is more than ${maximum}` : `${value} is less than ${minimum}`,
    };
  }
  return { code: 'out-of-range', message: `${value} is out of range (${minimum}-${maximum})` };
}

function nameOf(value: unknown): string {
  if (value === null || value === undefined) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? `the text ${show(value)}` : String(value);
}

const MAX_SHOWN = 60;

/** A value between quotes, cut when long. */
function show(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return `"${text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text}"`;
}

/** The later of the two items that are the same. */
function repeatedItem(error: ErrorObject): number {
  return Math.max(Number(error.params.i), Number(error.params.j));
}

function itemAt(list: unknown, index: number): unknown {
  return Array.isArray(list) ? list[index] : undefined;
}

function joinOr(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
