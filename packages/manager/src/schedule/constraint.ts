import type { Node } from '@tessera/api';
import { isAddress, isInNetwork, parseNetwork } from './address.js';
import { normaliseArchitecture } from './platform.js';

/** One placement constraint, such as `node.labels.zone!=eu`. */
export interface Constraint {
  /** As the user wrote it, without spaces around its parts. */
  text: string;
  /** A node attribute: label keys keep their case. */
  key: string;
  operator: '==' | '!=';
  value: string;
}

/** A constraint that cannot be understood: told to the user at deploy time. */
export class ConstraintError extends Error {
  override readonly name = 'ConstraintError';
}

const PLAIN_KEYS = ['node.id', 'node.hostname', 'node.ip', 'node.role', 'node.platform.os', 'node.platform.arch'];
const LABEL_PREFIXES = ['node.labels.', 'engine.labels.'];
/** Label keys and values as Swarm takes them: no spaces within, and no operator. */
const KEY = /^[a-zA-Z0-9][a-zA-Z0-9_.:/-]*$/;
const VALUE = /^[a-zA-Z0-9_.:/*()?+[\]\\^$|&,@~% -]*$/;

/**
 * Reads one constraint. Source of the grammar: Swarm's `key==value` and `key!=value`.
 * @throws ConstraintError that names the part at fault and what would be right.
 */
export function parseConstraint(text: string): Constraint {
  const operator = text.includes('!=') ? '!=' : '==';
  const parts = text.split(operator);
  if (parts.length !== 2) throw new ConstraintError(`constraint "${text}": expected one == or != between a key and a value`);
  const key = normaliseKey(parts[0]!.trim());
  const value = parts[1]!.trim();
  if (!key)
    throw new ConstraintError(
      `constraint "${text}": unknown key "${parts[0]!.trim()}", expected ${PLAIN_KEYS.join(', ')}, node.labels.NAME or engine.labels.NAME`,
    );
  if (value === '' && !isLabel(key)) throw new ConstraintError(`constraint "${text}": the value is empty`);
  if (!VALUE.test(value)) throw new ConstraintError(`constraint "${text}": value "${value}" has a character that is not allowed`);
  if (key === 'node.ip' && !isAddress(value) && !parseNetwork(value)) {
    throw new ConstraintError(`constraint "${text}": "${value}" is neither an IP address nor a network such as 10.0.0.0/8`);
  }
  return { text: `${key}${operator}${value}`, key, operator, value };
}

/** Whether a node fulfils a constraint. Values compare without case; a missing attribute is the empty string. */
export function holds(constraint: Constraint, node: Node): boolean {
  return isEqual(constraint, node) === (constraint.operator === '==');
}

/** Value of an attribute (`node.labels.zone`, `node.hostname`…) of a node: empty when it has none. */
export function attributeOf(node: Node, key: string): string {
  if (key.startsWith('node.labels.')) return node.spec.labels[key.slice('node.labels.'.length)] ?? '';
  if (key.startsWith('engine.labels.')) return node.description?.engine.labels[key.slice('engine.labels.'.length)] ?? '';
  switch (key) {
    case 'node.id':
      return node.id;
    case 'node.hostname':
      return node.description?.hostname ?? node.name;
    case 'node.ip':
      return node.description?.address ?? '';
    case 'node.role':
      return node.spec.role;
    case 'node.platform.os':
      return node.description?.platform.os ?? '';
    case 'node.platform.arch':
      return normaliseArchitecture(node.description?.platform.architecture ?? '');
    default:
      return '';
  }
}

function isEqual({ key, value }: Constraint, node: Node): boolean {
  const actual = attributeOf(node, key);
  if (key === 'node.ip') return isInNetwork(actual, value);
  if (key === 'node.platform.arch') return actual === normaliseArchitecture(value);
  return actual.toLowerCase() === value.toLowerCase();
}

/** Plain keys are known in any case; of label keys only the prefix is. */
function normaliseKey(key: string): string | undefined {
  const lower = key.toLowerCase();
  if (PLAIN_KEYS.includes(lower)) return lower;
  const prefix = LABEL_PREFIXES.find((candidate) => lower.startsWith(candidate));
  const name = prefix && key.slice(prefix.length);
  return name && KEY.test(name) ? prefix + name : undefined;
}

function isLabel(key: string): boolean {
  return LABEL_PREFIXES.some((prefix) => key.startsWith(prefix));
}
