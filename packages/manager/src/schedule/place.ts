import type { GivenResource, Task } from '@tessera/api';
import { type Score, scoreOf } from './affinity/score.js';
import { holdsImage } from './image.js';
import type { NodeTable } from './node-table.js';
import type { PendingGroup, Prepared, Waiting } from './pending-group.js';
import { ranking } from './ranking.js';
import { type SpreadTree, spreadTree } from './spread-tree.js';

interface Placed {
  waiting: Waiting;
  /** Of the node that it was given. */
  index: number;
  /** Named resources of the node that it was given. */
  resources: readonly GivenResource[];
}

/**
 * Places at most so many tasks of a group, in their order, on nodes that it has to look at, and notes their claims in the table.
 * Costs the nodes once, then the logarithm of their number for each task.
 */
export function placeTasks(table: NodeTable, group: PendingGroup, prepared: Prepared, most: number, now: number): Placed[] {
  const placement = new Placement(table, prepared, group.wakeAt, now);
  const placed: Placed[] = [];
  for (const waiting of group.waiting()) {
    if (placed.length >= most) break;
    const { task } = waiting;
    const index = placement.take(task);
    if (index !== undefined) placed.push({ waiting, index, resources: placement.give(task, index) });
    // The others are like it, since tasks that come with their node are served first; but for those whose data lies somewhere.
    else if (task.nodeId === undefined && !prepared.group.homeOf) break;
  }
  return placed;
}

class Placement {
  /** Nodes that suit equally but for preferences and strategy, the best ones first; those of the first are in the tree. */
  #tiers: number[][] | undefined;
  #tree: SpreadTree | undefined;
  #score: Score | undefined;
  /** Replicas of the service by node index. */
  #counts = new Int32Array(0);

  constructor(
    private readonly table: NodeTable,
    private readonly prepared: Prepared,
    private readonly candidates: PendingGroup['wakeAt'],
    private readonly now: number,
  ) {}

  /** Gives the task a node, if one suits. */
  take(task: Task): number | undefined {
    const { checks, group } = this.prepared;
    const nodeId = task.nodeId ?? group.homeOf?.(task, this.table)?.nodeId;
    const tree = nodeId === undefined ? this.#bestTree() : undefined;
    const index = nodeId === undefined ? tree?.best() : this.#bound(nodeId);
    if (index === undefined) return undefined;
    this.table.claim(task.id, index, group.claim);
    checks.placed(index);
    this.#counts[index]!++;
    const hasMoved = this.#score?.placed(index) ?? false;
    if (tree && !hasMoved) tree.placed(checks.passes(index));
    else this.#tiers = undefined;
    return index;
  }

  /** Gives it particular ones of the node's resources, where the node names them. */
  give({ id }: Task, index: number): readonly GivenResource[] {
    const { generic } = this.prepared.group.claim;
    if (generic.length === 0) return [];
    const resources = this.table.givenIds.choose(index, this.table.node(index)!, generic);
    this.table.givenIds.put({ id, resources }, index);
    return resources;
  }

  /** A task that comes with its node, or whose data is there, only has to take it. */
  #bound(nodeId: string): number | undefined {
    const index = this.table.indexOf(nodeId);
    const isCandidate = index !== undefined && (this.candidates === 'all' || this.candidates.has(index));
    return isCandidate && this.prepared.checks.passes(index) ? index : undefined;
  }

  #bestTree(): SpreadTree | undefined {
    if (!this.#tiers) {
      this.#counts = countsOf(this.table, this.prepared.group.serviceId);
      this.#score ??= scoreOf(this.prepared.group, this.table);
      this.#tiers = this.#rank();
      this.#tree = undefined;
    }
    for (let tier = this.#tiers[0]; tier; tier = this.#tiers[0]) {
      this.#tree ??= this.#grow(tier);
      if (this.#hasBest(this.#tree)) return this.#tree;
      this.#tiers.shift();
      this.#tree = undefined;
    }
    return undefined;
  }

  /** Passes over nodes that the group itself has made unfit. */
  #hasBest(tree: SpreadTree): boolean {
    const { checks } = this.prepared;
    let best = tree.best();
    while (checks.reachFar && best !== undefined && !checks.passes(best)) {
      tree.drop();
      best = tree.best();
    }
    return best !== undefined;
  }

  /** Nodes where the service failed lately come last; among both kinds those that are wished for most come first. */
  #rank(): number[][] {
    const { table, now } = this;
    const { serviceId, templateHash } = this.prepared.group;
    const isFailing = (index: number): boolean => table.failures.isFailing(serviceId, templateHash, table.node(index)!.id, now);
    const halves = table.failures.knows(serviceId) ? partition(this.#feasible(), isFailing).reverse() : [this.#feasible()];
    return halves.flatMap((half) => (this.#score ? byScore(half, this.#score) : [half]));
  }

  #grow(feasible: readonly number[]): SpreadTree {
    const { placement, template } = this.prepared.group.spec;
    const counts = this.#counts;
    const attributes = placement.preferences.map((preference) => preference.spread);
    const before = ranking(this.table, placement.strategy ?? 'spread', counts, holdsImage(this.table, template.container.image, feasible));
    return spreadTree({ table: this.table, feasible, counts, attributes, before });
  }

  #feasible(): number[] {
    const { checks } = this.prepared;
    return this.candidates === 'all' ? checks.feasible() : [...this.candidates].filter((index) => checks.passes(index));
  }
}

function countsOf(table: NodeTable, serviceId: string): Int32Array<ArrayBuffer> {
  const counts = new Int32Array(table.size);
  for (const [index, count] of table.countsOf(serviceId)) counts[index] = count;
  return counts;
}

function partition(indices: readonly number[], test: (index: number) => boolean): [number[], number[]] {
  const [yes, no]: [number[], number[]] = [[], []];
  for (const index of indices) (test(index) ? yes : no).push(index);
  return [yes, no];
}

/** Nodes of one score each, the highest first. */
function byScore(indices: readonly number[], score: Score): number[][] {
  const tiers = new Map<number, number[]>();
  for (const index of indices) {
    const value = score.of(index);
    const tier = tiers.get(value);
    if (tier) tier.push(index);
    else tiers.set(value, [index]);
  }
  return [...tiers].sort(([a], [b]) => b - a).map(([, tier]) => tier);
}
