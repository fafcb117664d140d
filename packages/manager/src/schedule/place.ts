import type { GivenResource, Task } from '@tessera/api';
import { type Score, scoreOf } from './affinity/score.js';
import { bestByLoad } from './best-by-load.js';
import { holdsImage } from './image.js';
import type { NodeTable } from './node-table.js';
import { balanced, openNodes, type Volume } from './packing.js';
import type { PendingGroup, Prepared, Waiting } from './pending-group.js';
import { ranking } from './ranking.js';
import { type SpreadTree, spreadTree } from './spread-tree.js';

/** Groups of so many tasks look along the order that all share; larger ones rank the nodes for themselves, once. */
const FEW_TASKS = 4;

interface Placed {
  waiting: Waiting;
  /** Of the node that it was given. */
  index: number;
  /** Named resources of the node that it was given. */
  resources: readonly GivenResource[];
}

interface PlaceInput {
  table: NodeTable;
  group: PendingGroup;
  prepared: Prepared;
  /** Number of tasks. */
  most: number;
  now: number;
  /** For a group that is packed: what waits to be packed with it, and it itself. Is used up. */
  volume: Volume | undefined;
}

/**
 * Places at most so many tasks of a group, in their order, on nodes that it has to look at, and notes their claims in the table.
 * Costs the nodes once, then the logarithm of their number for each task.
 */
export function placeTasks(input: PlaceInput): Placed[] {
  const { group, prepared, most } = input;
  const placement = new Placement(input);
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
  /** Replicas of the service by node index, without those that yield to others. */
  #counts = new Int32Array(0);
  readonly #yielding: readonly number[];
  #mayWalk: boolean;

  constructor(private readonly input: PlaceInput) {
    this.#yielding = input.prepared.group.yielding(input.table);
    this.#mayWalk = this.#yielding.length === 0 && isMerelySpread(input);
  }

  /** Gives the task a node, if one suits. */
  take(task: Task): number | undefined {
    const { checks, group } = this.input.prepared;
    const nodeId = task.nodeId ?? group.homeOf?.(task, this.input.table)?.nodeId;
    const known = nodeId === undefined ? this.#walk() : this.#bound(nodeId);
    const tree = nodeId === undefined && known === undefined ? this.#bestTree() : undefined;
    const index = known ?? tree?.best();
    if (index === undefined) return undefined;
    this.input.table.claim(task, index, group.claim);
    checks.placed(index);
    if (this.input.volume) useUp(this.input.volume, group.claim);
    this.#counts[index]!++;
    const hasMoved = this.#score?.placed(index) ?? false;
    if (tree && !hasMoved) tree.placed(checks.passes(index));
    else this.#tiers = undefined;
    return index;
  }

  /** Gives it particular ones of the node's resources, where the node names them. */
  give({ id }: Task, index: number): readonly GivenResource[] {
    const { generic } = this.input.prepared.group.claim;
    if (generic.length === 0) return [];
    const resources = this.input.table.givenIds.choose(index, this.input.table.node(index)!, generic);
    this.input.table.givenIds.put({ id, resources }, index);
    return resources;
  }

  /** A task that comes with its node, or whose data is there, only has to take it. */
  #bound(nodeId: string): number | undefined {
    const index = this.input.table.indexOf(nodeId);
    const isCandidate = index !== undefined && (this.input.group.wakeAt === 'all' || this.input.group.wakeAt.has(index));
    return isCandidate && this.input.prepared.checks.passes(index) ? index : undefined;
  }

  /** Nothing: all nodes have to be ranked. */
  #walk(): number | undefined {
    if (!this.#mayWalk) return undefined;
    const { table, prepared } = this.input;
    const { serviceId, spec } = prepared.group;
    const suits = (index: number): boolean => prepared.checks.passes(index) && !this.#isFailing(index);
    const best = bestByLoad({ table, serviceId, image: spec.template.container.image, suits });
    this.#mayWalk = best !== undefined;
    return best;
  }

  #bestTree(): SpreadTree | undefined {
    if (!this.#tiers) {
      this.#counts = countsOf(this.input.table, this.input.prepared.group.serviceId);
      for (const index of this.#yielding) this.#counts[index]!--;
      this.#score ??= scoreOf(this.input.prepared.group, this.input.table);
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
    const { checks } = this.input.prepared;
    let best = tree.best();
    while (checks.reachFar && best !== undefined && !checks.passes(best)) {
      tree.drop();
      best = tree.best();
    }
    return best !== undefined;
  }

  /** Nodes where the service failed lately come last; among both kinds those that are wished for most come first. */
  #rank(): number[][] {
    const isKnown = this.input.table.failures.knows(this.input.prepared.group.serviceId);
    const halves = isKnown ? partition(this.#feasible(), (index) => this.#isFailing(index)).reverse() : [this.#feasible()];
    return halves.flatMap((half) => (this.#score ? byScore(half, this.#score) : [half]));
  }

  #isFailing(index: number): boolean {
    const { table, now, prepared } = this.input;
    const { serviceId, templateHash } = prepared.group;
    return table.failures.isFailing(serviceId, templateHash, table.node(index)!.id, now);
  }

  #grow(feasible: readonly number[]): SpreadTree {
    const { spec, claim } = this.input.prepared.group;
    const { placement, template } = spec;
    const counts = this.#counts;
    const attributes = placement.preferences.map((preference) => preference.spread);
    const { table, volume } = this.input;
    const ranked = ranking(table, placement.strategy ?? 'spread', counts, holdsImage(table, template.container.image, feasible));
    const before = volume ? balanced(table, claim, openNodes(table, feasible, volume, ranked), ranked) : ranked;
    return spreadTree({ table, feasible, counts, attributes, before });
  }

  #feasible(): number[] {
    const { checks } = this.input.prepared;
    return this.input.group.wakeAt === 'all' ? checks.feasible() : [...this.input.group.wakeAt].filter((index) => checks.passes(index));
  }
}

/** Whether a few tasks are to be spread, and nothing but the number of tasks tells nodes that suit from each other. */
function isMerelySpread({ table, group, prepared, volume }: PlaceInput): boolean {
  const { placement } = prepared.group.spec;
  return (
    group.size <= FEW_TASKS &&
    group.wakeAt === 'all' &&
    volume === undefined &&
    (placement.strategy ?? 'spread') === 'spread' &&
    placement.preferences.length === 0 &&
    scoreOf(prepared.group, table) === undefined
  );
}

function useUp(volume: Volume, { nanoCpus, memoryBytes }: Volume): void {
  volume.nanoCpus -= nanoCpus;
  volume.memoryBytes -= memoryBytes;
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
