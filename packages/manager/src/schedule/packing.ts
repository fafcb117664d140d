import type { Claim } from './claim.js';
import type { Companions } from './companions.js';
import { Heap } from './heap.js';
import type { Before } from './load-order.js';
import type { NodeTable } from './node-table.js';
import type { Parcel } from './parcel.js';
import type { PendingGroup } from './pending-group.js';

/** Of the cluster: no claim takes more. */
const ALL = 1;

/** What waiting tasks take together. */
export interface Volume {
  nanoCpus: number;
  memoryBytes: number;
}

/** What all tasks of a pool take that are in these groups, or are about to come. */
export function volumeOf(groups: Iterable<PendingGroup>, companions: Companions, pool: string): Volume {
  const volume: Volume = { nanoCpus: 0, memoryBytes: 0 };
  const add = (parcel: Parcel | undefined, tasks: number): void => {
    if (parcel?.pool !== pool) return;
    volume.nanoCpus += tasks * parcel.claim.nanoCpus;
    volume.memoryBytes += tasks * parcel.claim.memoryBytes;
  };
  for (const { serviceId, parcel, size } of groups) if (!companions.has(serviceId)) add(parcel, size);
  for (const { parcel, tasks } of companions.all()) add(parcel, tasks);
  return volume;
}

/**
 * The same groups, where of one priority those that are packed and are new come last, the bulkiest first: what is small fills what these leave. One that
 * had to wait already keeps its place, so that nobody waits for ever.
 * @param groups in the order in which they are served otherwise
 */
export function packedLast(groups: readonly PendingGroup[], table: NodeTable): readonly PendingGroup[] {
  if (!groups.some(isFresh)) return groups;
  const bulk = bulkIn(table);
  const bulkOf = (group: PendingGroup): number => (isFresh(group) ? bulk(group.parcel!.claim) : ALL);
  return groups.toSorted((a, b) => b.priority - a.priority || bulkOf(b) - bulkOf(a));
}

/**
 * The nodes to pack on: the fullest ones that together have room for all that waits. 1 by node index, 0 for the others.
 * @param fuller whether the first node is to be filled before the second one
 */
export function openNodes(table: NodeTable, feasible: readonly number[], volume: Volume, fuller: Before): Uint8Array {
  const open = new Uint8Array(table.size);
  const nodes = new Heap(feasible, fuller);
  let { nanoCpus, memoryBytes } = volume;
  for (let index = nodes.peek(); index !== undefined && (nanoCpus > 0 || memoryBytes > 0); index = nodes.peek()) {
    open[index] = 1;
    nanoCpus -= table.freeCpus[index]!;
    memoryBytes -= table.freeMemory[index]!;
    nodes.pop();
  }
  return open;
}

/**
 * Open nodes come first: of these the one that has most left, with the task, of what it has least of, so that all of them come to hold the same mix
 * and neither processor nor memory is left over alone. Then the others, as ever.
 */
export function balanced(table: NodeTable, { nanoCpus, memoryBytes }: Claim, open: Uint8Array, fuller: Before): Before {
  const left = (index: number): number =>
    Math.min(
      (table.freeCpus[index]! - nanoCpus) / table.totalCpus[index]!,
      (table.freeMemory[index]! - memoryBytes) / table.totalMemory[index]!,
    );
  return (a, b) => {
    if (open[a] !== open[b]) return open[a] === 1;
    const more = open[a] === 1 ? left(a) - left(b) : 0;
    return more > 0 || (more === 0 && fuller(a, b));
  };
}

function isFresh({ parcel, told }: PendingGroup): boolean {
  return parcel !== undefined && told === undefined;
}

/** How much of the cluster a claim takes, by what it takes most of. */
function bulkIn(table: NodeTable): (claim: Claim) => number {
  let [cpus, memory] = [1, 1];
  for (let index = 0; index < table.size; index++) {
    if (!table.node(index)) continue;
    cpus += table.totalCpus[index]!;
    memory += table.totalMemory[index]!;
  }
  return ({ nanoCpus, memoryBytes }) => Math.min(ALL, Math.max(nanoCpus / cpus, memoryBytes / memory));
}
