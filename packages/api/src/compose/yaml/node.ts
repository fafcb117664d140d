/** A place in a file; line and column count from 1. */
export interface Mark {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A way from the root to a value: `['services', 'web', 'ports', 0]`. */
export type Path = readonly (string | number)[];

export type ScalarValue = string | number | boolean | null;

interface NodeBase {
  readonly at: Mark;
  /** `!reset` takes the key away from earlier files, `!override` replaces instead of merging. */
  readonly tag?: 'reset' | 'override' | undefined;
}

export interface ScalarNode extends NodeBase {
  readonly kind: 'scalar';
  readonly value: ScalarValue;
  /** As written, without quotes: `1.10` stays `1.10`, `0440` stays `0440`. */
  readonly text: string;
  /** How it was written, which decides where a character of the value lies in the file. */
  readonly style: 'plain' | 'quoted' | 'block';
}

export interface ListNode extends NodeBase {
  readonly kind: 'list';
  readonly items: readonly ComposeNode[];
}

export interface MapEntry {
  /** Place of the key. */
  readonly at: Mark;
  readonly value: ComposeNode;
}

export interface MapNode extends NodeBase {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, MapEntry>;
}

/** A document as a tree in which every value knows its file, line and column, through merge and `extends` too. */
export type ComposeNode = ScalarNode | ListNode | MapNode;

/** A JSON value, as the schema sees it. */
export type Plain = ScalarValue | Plain[] | { [key: string]: Plain };

export function scalarNode(value: ScalarValue, at: Mark): ScalarNode {
  return { kind: 'scalar', value, text: value === null ? '' : String(value), style: 'plain', at };
}

export function listNode(items: readonly ComposeNode[], at: Mark, tag?: ListNode['tag']): ListNode {
  return { kind: 'list', items, at, tag };
}

/** A map of values made here; absent values are left out, and keys take their value's place. */
export function mapNode(values: Readonly<Record<string, ComposeNode | undefined>>, at: Mark, tag?: MapNode['tag']): MapNode {
  const entries = new Map<string, MapEntry>();
  for (const [key, value] of Object.entries(values)) if (value !== undefined) entries.set(key, { at: value.at, value });
  return { kind: 'map', entries, at, tag };
}

/** The map with one key set or, given undefined, taken away. */
export function withEntry(map: MapNode, key: string, value: ComposeNode | undefined): MapNode {
  const entries = new Map(map.entries);
  if (value === undefined) entries.delete(key);
  else entries.set(key, { at: map.entries.get(key)?.at ?? value.at, value });
  return { ...map, entries };
}

/** The child of a map by key, or of a list by index. */
export function child(node: ComposeNode | undefined, step: string | number): ComposeNode | undefined {
  if (node?.kind === 'map') return node.entries.get(String(step))?.value;
  if (node?.kind === 'list') return node.items[Number(step)];
  return undefined;
}

export function descend(root: ComposeNode | undefined, path: Path): ComposeNode | undefined {
  return path.reduce<ComposeNode | undefined>(child, root);
}

/** Place of the key at `path`, or of the nearest ancestor that the document has. */
export function markAt(root: ComposeNode, path: Path): Mark {
  let node: ComposeNode = root;
  let at = root.at;
  for (const step of path) {
    const next = child(node, step);
    if (next === undefined) return at;
    at = node.kind === 'map' ? (node.entries.get(String(step))?.at ?? next.at) : next.at;
    node = next;
  }
  return at;
}

/** Place of the value at `path`, or of the nearest ancestor that the document has. */
export function valueMarkAt(root: ComposeNode, path: Path): Mark {
  return descend(root, path)?.at ?? markAt(root, path);
}

export function isNull(node: ComposeNode | undefined): boolean {
  return node?.kind === 'scalar' && node.value === null;
}

/** The values alone, without their places. Keys tagged `!reset` hold nothing to look at and are left out. */
export function toPlain(node: ComposeNode): Plain {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(toPlain);
  const kept = [...node.entries].filter(([, entry]) => entry.value.tag !== 'reset');
  return Object.fromEntries(kept.map(([key, entry]) => [key, toPlain(entry.value)]));
}
