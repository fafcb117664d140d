import { Heap } from './heap.js';
import type { Before } from './load-order.js';
import type { NodeTable } from './node-table.js';

/** A set of nodes that gives out the best one, again and again. */
export interface SpreadTree {
  /** The best node, or `undefined` when none is left. */
  best(): number | undefined;
  /** The best node was given a task. @param stays whether it can take another */
  placed(stays: boolean): void;
  /** The best node does not suit any more: it is taken out without a task. */
  drop(): void;
}

interface Branch extends SpreadTree {
  /** Replicas of the service in this branch, on nodes that are full or unfit too. */
  count: number;
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
  before: Before;
}

/** Nodes grouped by nested attributes: a task goes to the emptiest group, in it to the emptiest subgroup, and so on. */
export function spreadTree(input: SpreadInput): SpreadTree {
  const all = input.attributes.length === 0 ? [] : input.table.indices();
  return makeBranch(input, all, input.feasible, input.attributes);
}

function makeBranch(input: SpreadInput, members: readonly number[], feasible: readonly number[], attributes: readonly string[]): Branch {
  let count = 0;
  for (const index of members) count += input.counts[index]!;
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

  drop(): void {
    this.nodes.pop();
  }
}

class Fork implements Branch {
  readonly #order: Heap;

  constructor(
    private readonly children: readonly Branch[],
    public count: number,
  ) {
    const before = (a: number, b: number): boolean =>
      children[a]!.count < children[b]!.count || (children[a]!.count === children[b]!.count && a < b);
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
    this.#reorder(child);
  }

  drop(): void {
    const child = this.children[this.#order.peek()!]!;
    child.drop();
    this.#reorder(child);
  }

  #reorder(child: Branch): void {
    if (child.best() === undefined) this.#order.pop();
    else this.#order.sinkFirst();
  }
}

function groupBy(table: NodeTable, indices: readonly number[], attribute: string): Map<string, number[]> {
  const domains = table.domains(attribute);
  const groups: number[][] = [];
  for (const index of indices) (groups[domains.at(index)] ??= []).push(index);
  const named = new Map<string, number[]>();
  groups.forEach((group, domain) => void named.set(domains.nameOf(domain), group));
  return named;
}
