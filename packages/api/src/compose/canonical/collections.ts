import { type ComposeNode, listNode, type MapEntry, type MapNode, mapNode, type ScalarNode, scalarNode } from '../yaml/node.js';
import { type Canonicalizer, reject } from './context.js';

/** The text of a scalar as the author wrote it: `1.10` stays `1.10`. */
export function textOf(node: ComposeNode | undefined): string {
  if (node?.kind !== 'scalar' || node.value === null) return '';
  return typeof node.value === 'string' ? node.value : node.text;
}

/** `KEY: value`, or `- KEY=value`, as a map of texts; `- KEY` and `KEY:` have no value. */
export const canonicalPairs: Canonicalizer = (node, path, context) => {
  const entries = new Map<string, MapEntry>();
  if (node.kind === 'map') for (const [key, { at, value }] of node.entries) entries.set(key, { at, value: asText(value) });
  if (node.kind === 'list') {
    for (const [index, item] of node.items.entries()) {
      const text = textOf(item);
      const equals = text.indexOf('=');
      if (equals === 0 || text === '')
        reject(context, item.at, [...path, index], `"${text}" has no name before its value`, 'write NAME=value');
      const key = equals < 0 ? text : text.slice(0, equals);
      entries.set(key, { at: item.at, value: scalarNode(equals < 0 ? null : text.slice(equals + 1), item.at) });
    }
  }
  return { kind: 'map', at: node.at, tag: node.tag, entries };
};

function asText(node: ComposeNode): ComposeNode {
  if (node.kind !== 'scalar' || node.value === null || typeof node.value === 'string') return node;
  return { ...node, value: node.text };
}

/** One text or a list of texts as a list. */
export const canonicalList: Canonicalizer = (node) =>
  node.kind === 'list' || node.tag === 'reset' ? node : listNode([untagged(node)], node.at, node.tag);

/** A list of names as a map from each to what `toValue` gives. */
export function canonicalNames(toValue: (item: ScalarNode) => ComposeNode): Canonicalizer {
  return (node) => {
    if (node.kind !== 'list') return node;
    const entries = new Map<string, MapEntry>();
    for (const item of node.items) if (item.kind === 'scalar') entries.set(textOf(item), { at: item.at, value: toValue(item) });
    return { kind: 'map', at: node.at, tag: node.tag, entries } satisfies MapNode;
  };
}

/** A shorthand text as a map with this one key. */
export function canonicalText(key: string): Canonicalizer {
  return (node) =>
    node.kind === 'scalar' && node.value !== null && node.tag !== 'reset' ? mapNode({ [key]: untagged(node) }, node.at, node.tag) : node;
}

/** Each item of a list by its own rule. */
export function eachItem(rule: Canonicalizer): Canonicalizer {
  return (node, path, context) =>
    node.kind === 'list' ? { ...node, items: node.items.map((item, index) => rule(item, [...path, index], context)) } : node;
}

/** Each value of a map by its own rule. */
export function eachValue(rule: Canonicalizer): Canonicalizer {
  return (node, path, context) => mapValues(node, (key, value) => rule(value, [...path, key], context));
}

/** The keys of a map that have a rule, each by its own. */
export function keys(rules: Readonly<Record<string, Canonicalizer>>): Canonicalizer {
  return (node, path, context) =>
    mapValues(node, (key, value) =>
      Object.hasOwn(rules, key) && value.tag !== 'reset' ? (rules[key]?.(value, [...path, key], context) ?? value) : value,
    );
}

/** One rule after the other. */
export function chain(...rules: Canonicalizer[]): Canonicalizer {
  return (node, path, context) => rules.reduce((current, rule) => rule(current, path, context), node);
}

function mapValues(node: ComposeNode, change: (key: string, value: ComposeNode) => ComposeNode): ComposeNode {
  if (node.kind !== 'map') return node;
  const entries = new Map<string, MapEntry>();
  for (const [key, { at, value }] of node.entries) entries.set(key, { at, value: change(key, value) });
  return { ...node, entries };
}

function untagged<Node extends ComposeNode>(node: Node): Node {
  return { ...node, tag: undefined };
}
