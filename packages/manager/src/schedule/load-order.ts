import { Heap } from './heap.js';

/** Whether node `a` is better than node `b`, both given by index. A total order. */
export type Before = (a: number, b: number) => boolean;

/** What the nodes have left, by node index. */
export interface Loads {
  /** One above the highest index in use. */
  readonly size: number;
  /** Of all nodes. */
  indices(): number[];
  readonly freeCpus: Float64Array;
  readonly freeMemory: Float64Array;
  readonly totalCpus: Float64Array;
  readonly totalMemory: Float64Array;
  readonly taskCounts: Int32Array;
  /** Places in the order of ids. */
  readonly order: Int32Array;
}

/** Of all nodes, so many changes cost as much as ordering all anew: nobody may ask again. */
const MOST_MOVES_SHARE = 1 / 8;

/**
 * All nodes in the order in which a service that has no task yet takes them: kept change by change and shared by all groups, so that a group of
 * one task need not rank all nodes for itself.
 */
export class LoadOrder {
  #heap: Heap | undefined;
  /** Since somebody asked. */
  #moves = 0;

  constructor(private readonly nodes: Loads) {}

  /** What the node has left has changed. To be told at once: the heap puts one node at a time where it belongs. */
  moved(index: number): void {
    if (!this.#heap) return;
    if (++this.#moves > this.nodes.size * MOST_MOVES_SHARE) this.forget();
    else this.#heap.move(index);
  }

  /** Nodes came or went: the order is made anew when somebody asks for it. */
  forget(): void {
    this.#heap = undefined;
  }

  /** Indices of all nodes, the best one first; nothing may change meanwhile. */
  inOrder(): Generator<number, undefined> {
    this.#moves = 0;
    this.#heap ??= new Heap(this.nodes.indices(), leastBusy(this.nodes));
    return this.#heap.inOrder();
  }
}

/** The order of `spread` for a service without tasks whose image no node has. */
function leastBusy(nodes: Loads): Before {
  const { order, taskCounts } = nodes;
  return (a, b) => (taskCounts[a]! - taskCounts[b]! || freeShare(nodes, b) - freeShare(nodes, a) || order[a]! - order[b]!) < 0;
}

/** Free share of processor and memory together: 0 to 2. */
export function freeShare({ freeCpus, freeMemory, totalCpus, totalMemory }: Loads, index: number): number {
  return freeCpus[index]! / totalCpus[index]! + freeMemory[index]! / totalMemory[index]!;
}
