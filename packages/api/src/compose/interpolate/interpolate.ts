import type { Diagnostics, Path } from '../diagnostic.js';
import type { ComposeNode, MapEntry, Mark, ScalarNode } from '../yaml/node.js';
import { expand, TemplateError } from './template.js';

export type Env = Readonly<Record<string, string>>;

/** Replaces the variables in every value of the tree; keys stay as they are. A variable that is not set is named once. */
export function interpolate<Node extends ComposeNode>(root: Node, env: Env, diagnostics: Diagnostics, warned: Set<string>): Node {
  return new Interpolation(env, diagnostics, warned).node(root, []) as Node;
}

class Interpolation {
  constructor(
    private readonly env: Env,
    private readonly diagnostics: Diagnostics,
    private readonly warned: Set<string>,
  ) {}

  node(node: ComposeNode, path: Path): ComposeNode {
    if (node.kind === 'scalar')
      return typeof node.value === 'string' && node.value.includes('$') ? this.#scalar(node, node.value, path) : node;
    if (node.kind === 'list') return { ...node, items: node.items.map((item, index) => this.node(item, [...path, index])) };
    const entries = new Map<string, MapEntry>();
    for (const [key, entry] of node.entries) entries.set(key, { at: entry.at, value: this.node(entry.value, [...path, key]) });
    return { ...node, entries };
  }

  #scalar(node: ScalarNode, text: string, path: Path): ScalarNode {
    const unset: { name: string; index: number }[] = [];
    try {
      const value = expand(text, {
        lookup: (name) => (Object.hasOwn(this.env, name) ? this.env[name] : undefined),
        onUnset: (name, index) => unset.push({ name, index }),
      });
      for (const { name, index } of unset) this.#warnUnset(name, markWithin(node, text, index), path);
      return { ...node, value, text: value };
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.diagnostics.error({
        at: markWithin(node, text, error.index),
        path,
        code: 'interpolation',
        message: error.message,
        cure: error.cure,
      });
      return node;
    }
  }

  #warnUnset(name: string, at: Mark, path: Path): void {
    if (this.warned.has(name)) return;
    this.warned.add(name);
    this.diagnostics.warning({
      at,
      path,
      code: 'unset-variable',
      message: `the variable '${name}' is not set: an empty text takes its place`,
      cure: `set ${name}, or write \${${name}:-} to mean empty`,
    });
  }
}

/** Place of a character of a value: exact for one line and for the line of a literal block, else the value's start. */
function markWithin(node: ScalarNode, text: string, index: number): Mark {
  const { at } = node;
  const linesBefore = text.slice(0, index).split('\n').length - 1;
  if (node.style === 'block') return { ...at, line: at.line + 1 + linesBefore, column: 1 };
  if (linesBefore > 0 || text.length !== node.text.length) return at;
  return { ...at, column: at.column + index + (node.style === 'quoted' ? 1 : 0) };
}
