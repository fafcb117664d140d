import type { Diagnostics, Path } from '../diagnostic.js';
import { parseNanoCpus } from '../units/cpus.js';
import { parseDurationMs } from '../units/duration.js';
import { parseSize } from '../units/size.js';
import type { ComposeNode, MapEntry, ScalarNode, ScalarValue } from '../yaml/node.js';
import type { Cast, Schema } from './dsl.js';

/** What a cast makes of a value: a new value, a complaint, or nothing (ajv then judges the value as it is). */
type CastResult = { value: ScalarValue } | { message: string; cure: string } | undefined;

/** Reads texts into what the schema says they stand for, all over the tree. What cannot be read is reported and becomes 0. */
export function castValues<Node extends ComposeNode>(root: Node, schema: Schema, diagnostics: Diagnostics): Node {
  const walk = (node: ComposeNode, rule: Schema | undefined, path: Path): ComposeNode => {
    if (rule === undefined || node.tag === 'reset') return node;
    if (node.kind === 'scalar') return castScalar(node, rule, path, diagnostics);
    if (node.kind === 'list') return { ...node, items: node.items.map((item, index) => walk(item, rule.items, [...path, index])) };
    const entries = new Map<string, MapEntry>();
    for (const [key, entry] of node.entries)
      entries.set(key, { at: entry.at, value: walk(entry.value, ruleOfKey(rule, key), [...path, key]) });
    return { ...node, entries };
  };
  return walk(root, schema, []) as Node;
}

/** The schema of a map's value under `key`. */
export function ruleOfKey(rule: Schema, key: string): Schema | undefined {
  if (rule.properties !== undefined && Object.hasOwn(rule.properties, key)) return rule.properties[key];
  for (const [pattern, values] of Object.entries(rule.patternProperties ?? {}))
    if (new RegExp(pattern).test(key)) return 'type' in values ? (values as Schema) : undefined;
  return typeof rule.additionalProperties === 'object' ? rule.additionalProperties : undefined;
}

function castScalar(node: ScalarNode, rule: Schema, path: Path, diagnostics: Diagnostics): ScalarNode {
  if (rule.cast === undefined || node.value === null) return node;
  const result = CASTS[rule.cast](node);
  if (result === undefined) return node;
  if ('value' in result) return { ...node, value: result.value };
  // Where the schema also takes other texts, what is no number is one of those.
  if (rule.type.includes('string')) return node;
  diagnostics.error({ at: node.at, path, code: 'bad-value', ...result });
  return { ...node, value: 0 };
}

const CASTS: Readonly<Record<Cast, (node: ScalarNode) => CastResult>> = {
  integer: ({ value, text }) => (typeof value === 'string' && /^[+-]?\d+$/.test(text) ? { value: Number(text) } : undefined),
  number: ({ value, text }) =>
    typeof value === 'string' && text.trim() !== '' && Number.isFinite(Number(text)) ? { value: Number(text) } : undefined,
  boolean: ({ value, text }) => (typeof value === 'boolean' ? undefined : truth(text)),
  text: ({ value, text }) => (typeof value === 'string' ? undefined : { value: text }),
  size: (node) => castSize(node),
  swap: (node) => (node.text === '-1' ? { value: -1 } : castSize(node)),
  duration: castDuration,
  cpus: castCpus,
  mode: castMode,
};

function truth(text: string): CastResult {
  if (/^(true|yes|y|on|1)$/i.test(text)) return { value: true };
  return /^(false|no|n|off|0)$/i.test(text) ? { value: false } : undefined;
}

function castSize({ text }: ScalarNode): CastResult {
  const value = parseSize(text);
  return value === undefined
    ? { message: `"${text}" is not a size`, cure: "write a number of bytes, or a number with b, k, m or g, such as '512m' or '1.5g'" }
    : { value };
}

function castDuration({ value, text }: ScalarNode): CastResult {
  const ms = parseDurationMs(text);
  if (ms !== undefined) return { value: ms };
  if (typeof value === 'number' && value > 0) return { message: `${text} has no unit`, cure: `write '${text}s' for seconds` };
  return {
    message: `"${text}" is not a duration`,
    cure: "write a number and a unit (ms, s, m, h), such as '10s' or '1m30s'; a year at most",
  };
}

function castCpus({ text }: ScalarNode): CastResult {
  const value = parseNanoCpus(text);
  return value === undefined
    ? { message: `"${text}" is not a number of cpus`, cure: "write a number of cores with nine decimals at most, such as '0.5'" }
    : { value };
}

/** `0440`, `0o440` and any text are octal; a bare decimal number is what YAML says it is. Source of the rule: Docker's loader. */
function castMode({ value, text, style }: ScalarNode): CastResult {
  const octal = /^0?o?([0-7]{1,4})$/.exec(text);
  if (octal === null) return { message: `"${text}" is not a file mode`, cure: "write it in octal, such as '0440'" };
  if (typeof value === 'number' && style === 'plain' && !text.startsWith('0')) {
    return {
      message: `${text} is a decimal number, which as a mode would be ${value.toString(8).padStart(4, '0')}`,
      cure: `write 0${text} for octal`,
    };
  }
  return { value: Number.parseInt(octal[1] ?? '', 8) };
}
