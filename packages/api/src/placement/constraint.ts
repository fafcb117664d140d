import { RE2JS, RE2JSException } from 're2js';
import { isInNetwork, isNetwork } from '../net/address.js';
import { isIpAddress } from '../net/host-address.js';
import { normaliseArchitecture } from './architecture.js';
import { compareVersions, versionParts } from './version.js';

export type ConstraintOperator = '==' | '!=' | 'in' | 'not in' | '<' | '<=' | '>' | '>=' | '=~' | '!~';

/** One placement constraint, such as `node.labels.zone!=eu`. */
export interface Constraint {
  /** As the user wrote it, without spaces that do not count. */
  text: string;
  /** A node attribute: label keys keep their case. */
  key: string;
  operator: ConstraintOperator;
  /** One, but for `in` and `not in`. */
  values: readonly string[];
  /** Whether a node whose attribute has this value fulfils it. Missing attributes are the empty text. */
  matches(actual: string): boolean;
}

/** A constraint that cannot be understood: told to the user at deploy time. */
export class ConstraintError extends Error {
  override readonly name = 'ConstraintError';
  constructor(
    message: string,
    readonly cure: string,
  ) {
    super(message);
  }
}

const PLAIN_KEYS = ['node.id', 'node.hostname', 'node.ip', 'node.role', 'node.platform.os', 'node.platform.arch'];
const LABEL_PREFIXES = ['node.labels.', 'engine.labels.'];
const KNOWN_KEYS = `known are ${PLAIN_KEYS.join(', ')}, node.labels.<key>, engine.labels.<key>`;
const FORMS = 'write key==value or key!=value, such as node.role==worker; or one of in (a, b), not in (a, b), >, >=, <, <=, =~, !~';
/** Label keys and values as Swarm takes them: no operator within. */
const LABEL_KEY = /^[a-zA-Z0-9][a-zA-Z0-9_.:/-]*$/;
const VALUE = /^[a-zA-Z0-9_.:/*()?+[\]\\^$|&,@~% -]*$/;
const PARTS = /^\s*([^\s=!<>~]+)(?:\s*(==|!=|=~|!~|<=|>=|<|>)\s*|\s+(in|not\s+in)\s*(?=\())(.*?)\s*$/is;
const MOST_VALUES = 64;
const LONGEST_PATTERN = 256;
/** Longer values of a node are cut before a pattern looks at them. */
const LONGEST_SUBJECT = 4096;

/**
 * Reads one constraint: Swarm's `key==value` and `key!=value`; `key in (a, b)` and `key not in (a, b)`; `<`, `<=`, `>`, `>=` for whole
 * numbers and versions; `=~` and `!~` for regular expressions in RE2's syntax, which are found anywhere in the value and take time in
 * proportion to it. Values compare without case.
 * @throws ConstraintError that names the part at fault and what would be right.
 */
export function parseConstraint(text: string): Constraint {
  const [, writtenKey, symbol, word, rest = ''] = PARTS.exec(text) ?? [];
  if (writtenKey === undefined) throw new ConstraintError(`"${text}" is not a constraint`, FORMS);
  const key = normaliseKey(writtenKey);
  if (key === undefined) throw new ConstraintError(`"${writtenKey}" is nothing of a node`, KNOWN_KEYS);
  const operator = (symbol ?? word!.toLowerCase().replace(/\s+/, ' ')) as ConstraintOperator;
  const values = word === undefined ? [rest] : listedValues(text, rest);
  if (operator !== '=~' && operator !== '!~') for (const value of values) checkValue(text, key, value);
  return { text: render(key, operator, values), key, operator, values, matches: matcher(text, key, operator, values) };
}

function render(key: string, operator: ConstraintOperator, values: readonly string[]): string {
  return operator === 'in' || operator === 'not in' ? `${key} ${operator} (${values.join(', ')})` : `${key}${operator}${values[0]}`;
}

/** `(a, b)` as its values. */
function listedValues(text: string, list: string): string[] {
  const inner = /^\((.*)\)$/s.exec(list)?.[1];
  if (inner === undefined) throw new ConstraintError(`"${text}" has no end of its list`, 'write key in (a, b)');
  const values = inner.split(',').map((value) => value.trim());
  if (values.includes('')) throw new ConstraintError(`"${text}" has an empty value in its list`, 'write key in (a, b)');
  if (values.length > MOST_VALUES) throw new ConstraintError(`"${text}" lists more than ${MOST_VALUES} values`, 'give the nodes a label');
  return values;
}

function checkValue(text: string, key: string, value: string): void {
  if (value === '' && !isLabel(key)) throw new ConstraintError(`"${text}" has no value`, FORMS);
  if (!VALUE.test(value)) throw new ConstraintError(`"${text}": the value "${value}" has a character that is not allowed`, FORMS);
  if (key === 'node.ip' && !isIpAddress(value) && !isNetwork(value))
    throw new ConstraintError(`"${value}" is neither an IP address nor a network`, 'write an address, or a network such as 10.0.0.0/8');
}

function matcher(text: string, key: string, operator: ConstraintOperator, values: readonly string[]): Constraint['matches'] {
  const [value = ''] = values;
  switch (operator) {
    case '==':
    case 'in':
      return equalsAny(key, values);
    case '!=':
    case 'not in':
      return not(equalsAny(key, values));
    case '=~':
      return finds(text, key, value);
    case '!~':
      return not(finds(text, key, value));
    default:
      return compares(text, key, operator, value);
  }
}

function not(matches: Constraint['matches']): Constraint['matches'] {
  return (actual) => !matches(actual);
}

function equalsAny(key: string, values: readonly string[]): Constraint['matches'] {
  if (key === 'node.ip') return (actual) => values.some((value) => isInNetwork(actual, value));
  const normalise = key === 'node.platform.arch' ? normaliseArchitecture : (value: string): string => value.toLowerCase();
  const wanted = new Set(values.map(normalise));
  return (actual) => wanted.has(normalise(actual));
}

/** A value of a node that is neither a number nor a version fulfils none of them. */
function compares(text: string, key: string, operator: '<' | '<=' | '>' | '>=', value: string): Constraint['matches'] {
  const wanted = versionParts(value);
  if (key === 'node.ip') throw new ConstraintError(`"${text}": addresses have no order`, 'write node.ip==10.0.0.0/8');
  if (wanted === undefined)
    throw new ConstraintError(`"${text}": "${value}" is neither a whole number nor a version`, 'write a value such as 8 or 5.10');
  const accepts = {
    '<': (order: number) => order < 0,
    '<=': (order: number) => order <= 0,
    '>': (order: number) => order > 0,
    '>=': (order: number) => order >= 0,
  }[operator];
  return (actual) => {
    const parts = versionParts(actual);
    return parts !== undefined && accepts(compareVersions(parts, wanted));
  };
}

function finds(text: string, key: string, pattern: string): Constraint['matches'] {
  if (key === 'node.ip') throw new ConstraintError(`"${text}": addresses are not matched by patterns`, 'write node.ip==10.0.0.0/8');
  if (pattern === '') throw new ConstraintError(`"${text}" has no pattern`, 'write key=~pattern, such as node.hostname=~^web-[0-9]+$');
  if (pattern.length > LONGEST_PATTERN)
    throw new ConstraintError(
      `the pattern of "${text.slice(0, 80)}…" is longer than ${LONGEST_PATTERN} characters`,
      'give the nodes a label',
    );
  const compiled = compile(text, pattern);
  return (actual) => compiled.matcher(actual.slice(0, LONGEST_SUBJECT)).find();
}

function compile(text: string, pattern: string): RE2JS {
  try {
    return RE2JS.compile(pattern, RE2JS.CASE_INSENSITIVE);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const reason = error.message.replace('error parsing regexp: ', '').replace('`(?i)', '`');
    throw new ConstraintError(`"${text}" has a pattern that cannot be read: ${reason}`, "write it in RE2's syntax: no look-around, no \\1");
  }
}

/** Plain keys are known in any case; of label keys only the prefix is. */
function normaliseKey(key: string): string | undefined {
  const lower = key.toLowerCase();
  if (PLAIN_KEYS.includes(lower)) return lower;
  const prefix = LABEL_PREFIXES.find((candidate) => lower.startsWith(candidate));
  const name = prefix && key.slice(prefix.length);
  return name && LABEL_KEY.test(name) ? prefix + name : undefined;
}

/**
 * The name of a node attribute, such as `node.hostname` or `node.labels.zone`, as constraints and spread preferences know it.
 * @throws ConstraintError when there is no such attribute.
 */
export function attributeKey(text: string): string {
  const key = normaliseKey(text.trim());
  if (key === undefined) throw new ConstraintError(`"${text}" is nothing of a node`, KNOWN_KEYS);
  return key;
}

function isLabel(key: string): boolean {
  return LABEL_PREFIXES.some((prefix) => key.startsWith(prefix));
}
