import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  type ParsedNode,
  parseAllDocuments,
  type YAMLMap,
} from 'yaml';
import type { Diagnostics, Path } from '../diagnostic.js';
import { type ComposeNode, type MapEntry, type MapNode, type Mark, type ScalarNode, type ScalarValue, scalarNode } from './node.js';

/** Bound of one Compose file in bytes. */
export const MAX_FILE_BYTES = 4 * 1024 * 1024;
/** Bound of a file's values after its aliases are followed: a few lines of aliases can ask for billions. */
const MAX_NODES = 500_000;
const MAX_DEPTH = 200;

class ParseStop extends Error {}

/** The document of one YAML file as a tree with places, or undefined when an error was reported. An empty file is an empty map. */
export function parseYaml(text: string, file: string, diagnostics: Diagnostics): MapNode | undefined {
  const lines = new LineCounter();
  const start: Mark = { file, line: 1, column: 1 };
  try {
    const document = onlyDocument(text, file, lines, diagnostics);
    return document === undefined ? emptyMap(start) : new TreeBuilder(document, file, lines, diagnostics).build(start);
  } catch (error) {
    if (error instanceof RangeError) report(diagnostics, start, `the file nests deeper than ${MAX_DEPTH} levels`);
    else if (!(error instanceof ParseStop)) throw error;
    return undefined;
  }
}

/** The file's document, if it has one. @throws {ParseStop} after reporting what YAML forbids */
function onlyDocument(text: string, file: string, lines: LineCounter, diagnostics: Diagnostics): Document.Parsed | undefined {
  const options = { lineCounter: lines, uniqueKeys: false, prettyErrors: false, logLevel: 'silent' } as const;
  const [document, second] = [...parseAllDocuments(text, options)];
  for (const { pos, message, code } of document?.errors ?? []) {
    if (/call stack/i.test(message)) throw new RangeError(message);
    report(diagnostics, markOf(file, lines, pos[0]), firstLine(message), yamlCure(code, message));
  }
  if (second !== undefined) {
    const at = markOf(file, lines, second.range[0]);
    report(diagnostics, at, 'the file holds more than one YAML document', 'split it into files and give each with -f');
  }
  if (second !== undefined || document?.errors.length) throw new ParseStop();
  return document;
}

function report(diagnostics: Diagnostics, at: Mark, message: string, cure?: string): void {
  diagnostics.error({ at, path: [], code: 'yaml', message, cure });
}

/** Turns the library's nodes into ours, follows aliases and merge keys, and reports what YAML itself forbids. */
class TreeBuilder {
  readonly #anchors = new Map<string, ParsedNode>();
  readonly #open = new Set<string>();
  #nodes = 0;

  constructor(
    private readonly document: Document.Parsed,
    private readonly file: string,
    private readonly lines: LineCounter,
    private readonly diagnostics: Diagnostics,
  ) {}

  build(start: Mark): MapNode | undefined {
    const contents = this.document.contents;
    if (contents === null) return emptyMap(start);
    const root = this.#node(contents, []);
    if (root.kind === 'map') return root;
    if (root.kind === 'scalar' && root.value === null) return emptyMap(start);
    this.#error(
      root.at,
      [],
      `the file must hold a map of keys such as 'services:', not a ${root.kind === 'list' ? 'list' : 'single value'}`,
    );
    return undefined;
  }

  #node(node: ParsedNode, path: Path): ComposeNode {
    this.#nodes++;
    if (this.#nodes > MAX_NODES)
      this.#stop(this.#at(node), path, `the file grows to more than ${MAX_NODES} values once its aliases are followed`);
    if (path.length > MAX_DEPTH) this.#stop(this.#at(node), [], `the file nests deeper than ${MAX_DEPTH} levels`);
    if (isAlias(node)) return this.#alias(node.source, this.#at(node), path);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (isMap(node)) return this.#map(node, path);
    const tag = this.#tag(node, path);
    if (isSeq(node))
      return {
        kind: 'list',
        at: this.#at(node),
        tag,
        items: node.items.map((item, index) => this.#node(item as ParsedNode, [...path, index])),
      };
    return { ...this.#scalar(node), tag };
  }

  #alias(name: string, at: Mark, path: Path): ComposeNode {
    const target = this.#anchors.get(name);
    if (target === undefined) {
      this.#error(at, path, `unknown alias '*${name}': no anchor '&${name}' comes before it`, 'undefined-alias');
      return scalarNode(null, at);
    }
    if (this.#open.has(name)) this.#stop(at, path, `alias '*${name}' lies within its own anchor`);
    this.#open.add(name);
    const node = this.#node(target, path);
    this.#open.delete(name);
    return node;
  }

  #map(map: YAMLMap.Parsed, path: Path): MapNode {
    const anchor = map.anchor;
    if (anchor !== undefined) this.#open.add(anchor);
    const own = new Map<string, MapEntry>();
    const merged: MapNode[] = [];
    for (const pair of map.items as Pair<ParsedNode, ParsedNode | null>[]) {
      const at = this.#at(pair.key);
      if (isScalar(pair.key) && pair.key.source === '<<' && pair.key.type === 'PLAIN')
        merged.push(...this.#mergeSources(pair.value, at, path));
      else this.#entry(own, pair, at, path);
    }
    if (anchor !== undefined) this.#open.delete(anchor);
    return { kind: 'map', at: this.#at(map), tag: this.#tag(map, path), entries: withMergeKeys(own, merged) };
  }

  #entry(own: Map<string, MapEntry>, pair: Pair<ParsedNode, ParsedNode | null>, at: Mark, path: Path): void {
    const key = this.#key(pair.key, at, path);
    if (key === undefined) return;
    const first = own.get(key);
    if (first === undefined)
      own.set(key, { at, value: pair.value === null ? scalarNode(null, at) : this.#node(pair.value, [...path, key]) });
    else
      this.#error(
        at,
        [...path, key],
        `duplicate key '${key}': it was given at line ${first.at.line} already`,
        'duplicate-key',
        'keep one of them',
      );
  }

  #key(node: ParsedNode, at: Mark, path: Path): string | undefined {
    const key = isScalar(node) ? (node.source ?? String(node.value)) : undefined;
    if (key === undefined) this.#error(at, path, 'a key must be a single value, not a list or map');
    if (key !== '__proto__') return key;
    this.#error(at, [...path, key], "the key '__proto__' is not allowed");
    return undefined;
  }

  /** `<<: *a` or `<<: [*a, *b]`. */
  #mergeSources(value: ParsedNode | null, at: Mark, path: Path): MapNode[] {
    const node = value === null ? scalarNode(null, at) : this.#node(value, [...path, '<<']);
    const sources = node.kind === 'list' ? node.items : [node];
    return sources.filter((source): source is MapNode => {
      if (source.kind === 'map') return true;
      this.#error(at, path, "the merge key '<<' takes a map or a list of maps");
      return false;
    });
  }

  #scalar(node: ParsedNode): ScalarNode {
    const at = this.#at(node);
    if (!isScalar(node)) return scalarNode(null, at);
    const value = node.value as ScalarValue | bigint;
    const style = node.type === 'PLAIN' ? 'plain' : node.type?.startsWith('QUOTE') ? 'quoted' : 'block';
    return {
      kind: 'scalar',
      value: typeof value === 'bigint' ? Number(value) : value,
      text: node.source ?? String(value ?? ''),
      style,
      at,
    };
  }

  #tag(node: ParsedNode, path: Path): 'reset' | 'override' | undefined {
    const tag = node.tag;
    if (tag === undefined || tag.startsWith('tag:yaml.org,2002:')) return undefined;
    if (tag === '!reset' || tag === '!override') return tag.slice(1) as 'reset' | 'override';
    this.#error(this.#at(node), path, `unknown tag '${tag}'`, 'yaml', "Compose knows '!reset' and '!override'");
    return undefined;
  }

  #at(node: ParsedNode | null): Mark {
    return markOf(this.file, this.lines, node?.range?.[0] ?? 0);
  }

  #error(at: Mark, path: Path, message: string, code = 'yaml', cure?: string): void {
    this.diagnostics.error({ at, path, code, message, cure });
  }

  #stop(at: Mark, path: Path, message: string): never {
    this.#error(at, path, message);
    throw new ParseStop(message);
  }
}

/** A map's own keys win over merged ones, and of merged maps the first wins. Source: YAML 1.1 "Merge Key Language-Independent Type". */
function withMergeKeys(own: Map<string, MapEntry>, merged: readonly MapNode[]): Map<string, MapEntry> {
  for (const source of merged) for (const [key, entry] of source.entries) if (!own.has(key)) own.set(key, entry);
  return own;
}

function emptyMap(at: Mark): MapNode {
  return { kind: 'map', at, entries: new Map() };
}

function markOf(file: string, lines: LineCounter, offset: number): Mark {
  const { line, col } = lines.linePos(offset);
  return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
}

function firstLine(message: string): string {
  const line = message.split('\n')[0] ?? message;
  return line.charAt(0).toLowerCase() + line.slice(1);
}

function yamlCure(code: string, message: string): string | undefined {
  if (/flow (sequence|map)/i.test(message)) return "close the bracket that was opened with '[' or '{'";
  if (code === 'TAB_AS_INDENT') return 'indent with spaces: YAML takes no tabs there';
  if (code === 'BAD_INDENT') return 'line the keys of one map up in one column';
  return undefined;
}
