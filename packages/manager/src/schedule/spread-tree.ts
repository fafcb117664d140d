import { attributeOf } from './constraint.js';
import { Heap } from './heap.js';
import type { NodeTable } from './node-table.js';

/** A set of nodes that gives out the best one, again and again. */
interface Branch {
  /** Replicas of the service in this branch, on nodes that are full or unfit too. */
  count: number;
  /** The best node, or `undefined` when none is left. */
  best(): number | undefined;
  /** The best node was given a task. @param stays whether it can take another */
  placed(stays: boolean): void;
}

/** What a tree is made of. */
export interface SpreadInput {
  table: NodeTable;
  /** Nodes that can take a task. */
  feasible: readonly number[];
  /** Replicas of the service by node index, kept current by whoever places. */
  counts: Int32Array;
  /** Attributes to spread over, outermost first. */
  attributes: readonly string[];
  before: (a: number, b: number) => boolean;
}

/** Nodes grouped by nested attributes: a task goes to the emptiest group, in it to the emptiest subgroup, and so on. */
export function spreadTree(input: SpreadInput): Pick<Branch, 'best' | 'placed'> {
  const all = input.attributes.length === 0 ? input.feasible : allNodes(input.table);
  return makeBranch(input, all, [...input.feasible], input.attributes);
}

function makeBranch(input: SpreadInput, members: readonly number[], feasible: number[], attributes: readonly string[]): Branch {
  const count = members.reduce((sum, index) => sum + input.counts[index]!, 0);
  const [attribute, ...rest] = attributes;
  if (attribute === undefined) return new Leaf(new Heap(feasible, input.before), count);
  const allByValue = groupBy(input.table, members, attribute);
  const children = [...groupBy(input.table, feasible, attribute)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([value, nodes]) => makeBranch(input, allByValue.get(value)!, nodes, rest));
  return new Fork(children, count);
}

class Leaf implements Branch {
  constructor(
    private readonly nodes: Heap,
    public count: number,
  ) {}

  best(): number | undefined {
    return this.nodes.peek();
  }

  placed(stays: boolean): void {
    this.count++;
    if (stays) this.nodes.sinkFirst();
    else this.nodes.pop();
  }
}

class Fork implements Branch {
  readonly #order: Heap;

  constructor(
    private readonly children: readonly Branch[],
    public count: number,
  ) {
    const before = (a: number, b: number): boolean =>
      children[a]!.count - children[b]!.count < 0 || (children[a]!.count === children[b]!.count && a < b);
    this.#order = new Heap([...children.keys()], before);
  }

  best(): number | undefined {
    const first = this.#order.peek();
    return first === undefined ? undefined : this.children[first]!.best();
  }

  placed(stays: boolean): void {
    const child = this.children[this.#order.peek()!]!;
    this.count++;
    child.placed(stays);
    if (child.best() === undefined) this.#order.pop();
    else this.#order.sinkFirst();
  }
}

function groupBy(table: NodeTable, indices: readonly number[], attribute: string): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const index of indices) {
    const value = attributeOf(table.node(index)!, attribute);
    const group = groups.get(value);
    if (group) group.push(index);
    else groups.set(value, [index]);
  }
  return groups;
}

function allNodes(table: NodeTable): number[] {
  const indices: number[] = [];
  for (let index = 0; index < table.size; index++) if (table.node(index)) indices.push(index);
  return indices;
}
