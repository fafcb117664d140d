import type { TaskUsage } from '@tessera/api';
import type { Clock } from '@tessera/kit';
import { type ContainerUsage, type Engine, EngineError } from '../ports/engine.js';

/** A container to measure, and the task that it is of. */
export interface Measured {
  taskId: string;
  containerId: string;
}

interface Reading extends ContainerUsage {
  atMs: number;
}

/** Containers read at a time: each is one call of the engine. */
const AT_A_TIME = 8;
const NANOS_PER_MS = 1_000_000;

/** Makes usage of what the engine counts: CPU time since the last reading over the time that has passed. */
export class UsageMeter {
  #last = new Map<string, Reading>();

  constructor(
    private readonly engine: Engine,
    private readonly clock: Clock,
  ) {}

  /** What these containers used since the last call; those that are new to it, or are gone, are left out. Never throws for the engine. */
  async measure(measured: readonly Measured[]): Promise<TaskUsage[]> {
    const readings = new Map<string, Reading>();
    const usages: TaskUsage[] = [];
    for (let at = 0; at < measured.length; at += AT_A_TIME) {
      const batch = measured.slice(at, at + AT_A_TIME);
      const found = await Promise.all(batch.map(({ containerId }) => this.#read(containerId)));
      for (const [index, reading] of found.entries()) {
        const { taskId, containerId } = batch[index]!;
        const usage = reading && usageOf(taskId, this.#last.get(containerId), reading);
        if (reading) readings.set(containerId, reading);
        if (usage) usages.push(usage);
      }
    }
    this.#last = readings;
    return usages;
  }

  async #read(containerId: string): Promise<Reading | undefined> {
    try {
      const usage = await this.engine.usage(containerId);
      return usage && { ...usage, atMs: this.clock.monotonic() };
    } catch (error) {
      if (error instanceof EngineError) return undefined;
      throw error;
    }
  }
}

function usageOf(taskId: string, before: Reading | undefined, now: Reading): TaskUsage | undefined {
  if (!before || now.atMs <= before.atMs || now.cpuNanos < before.cpuNanos) return undefined;
  const nanoCpus = Math.round(((now.cpuNanos - before.cpuNanos) / ((now.atMs - before.atMs) * NANOS_PER_MS)) * 1e9);
  return { taskId, nanoCpus, memoryBytes: now.memoryBytes };
}
