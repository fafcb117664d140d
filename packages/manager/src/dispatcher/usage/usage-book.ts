import { type NodeUsage, type TaskUsage, USAGE_MS } from '@tessera/api';
import type { Clock, Log } from '@tessera/kit';
import type { ClusterStore } from '../../ports/store.js';

/** Means are made over so many messages of an agent. */
const READINGS = 6;
/** A node's usage is written no more often than this. */
const WRITE_EVERY_MS = 2 * USAGE_MS;

export interface UsageBookOptions {
  store: ClusterStore;
  clock: Clock;
  log: Log;
}

/**
 * Usage that the agents of this manager's sessions told: the last half minute, in memory. Means of it are written to the store now and
 * then, for the leader, which may be another manager. What is lost is not made up for: the next message says it anew.
 */
export class UsageBook {
  readonly #readings = new Map<string, TaskUsage[][]>();
  readonly #writtenAt = new Map<string, number>();

  constructor(private readonly options: UsageBookOptions) {}

  /** Takes over what an agent told. */
  async take(nodeId: string, tasks: readonly TaskUsage[]): Promise<void> {
    const readings = [...(this.#readings.get(nodeId) ?? []), [...tasks]].slice(-READINGS);
    this.#readings.set(nodeId, readings);
    const now = this.options.clock.monotonic();
    if (now - (this.#writtenAt.get(nodeId) ?? Number.NEGATIVE_INFINITY) < WRITE_EVERY_MS) return;
    this.#writtenAt.set(nodeId, now);
    await this.#write(nodeId, readings);
  }

  /** Its session is over. */
  forget(nodeId: string): void {
    this.#readings.delete(nodeId);
    this.#writtenAt.delete(nodeId);
  }

  async #write(nodeId: string, readings: readonly TaskUsage[][]): Promise<void> {
    const { store, clock, log } = this.options;
    const before = store.view.get('usages', nodeId);
    const now = clock.now();
    const object: NodeUsage = {
      id: nodeId,
      revision: before?.revision ?? 0,
      createdAt: before?.createdAt ?? now,
      updatedAt: now,
      at: now,
      overMs: readings.length * USAGE_MS,
      tasks: means(readings),
    };
    try {
      await store.commit([{ type: 'put', kind: 'usages', object, expect: before ? { revision: before.revision } : 'absent' }]);
    } catch (error) {
      log.warn({ error, nodeId }, 'dispatcher: the usage of a node could not be written');
    }
  }
}

/** The mean of each task of the last reading, over the readings that tell of it. */
function means(readings: readonly TaskUsage[][]): TaskUsage[] {
  return (readings.at(-1) ?? []).map(({ taskId }) => {
    const own = readings.flatMap((tasks) => tasks.find((task) => task.taskId === taskId) ?? []);
    const mean = (values: readonly number[]): number => Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
    return { taskId, nanoCpus: mean(own.map(({ nanoCpus }) => nanoCpus)), memoryBytes: mean(own.map(({ memoryBytes }) => memoryBytes)) };
  });
}
