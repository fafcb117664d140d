import { FENCE_AFTER_MS, FENCE_ENGINE_MS, FENCE_GRACE_MS, fenceShutsInMs } from '@tessera/api';
import type { Clock, Log, Timer } from '@tessera/kit';
import { LABELS } from '../model/labels.js';
import type { Engine } from '../ports/engine.js';
import type { GrantStore } from '../ports/grant-store.js';
import type { ProcessKiller } from '../ports/process-killer.js';

export interface FenceOptions {
  clock: Clock;
  log: Log;
  engine: Engine;
  nodeId: string;
  grants: GrantStore;
  killer: ProcessKiller;
  /** Containers of the fenced tasks that live here. */
  containers(): string[];
  /** Its container is about to be stopped: the reason is kept with the task. */
  condemn(taskId: string, reason: string): void;
  /** A manager has answered after the fence was shut. */
  onOpen(): void;
}

/** While it is shut, containers of fenced tasks that run are looked for so often. */
const LOOK_MS = 500;
/** Why a fenced task was stopped, in its status. */
const REASON = `no manager was reached for ${FENCE_AFTER_MS / 1_000} s, and its x-partition is stop`;

/**
 * Stops fenced tasks (`x-partition: stop`) while no manager can be reached. It works beside the tasks' own steps, which may be waiting for something
 * long, such as a stop with much grace; and when the engine has not stopped them in time, it kills what runs in their containers itself.
 */
export class Fence {
  readonly #options: FenceOptions;
  readonly #stopping = new Set<string>();
  #grantedAt: number;
  #timer: Timer | undefined;
  #wasShut: boolean;
  #isListing = false;
  #isOver = false;

  constructor(options: FenceOptions) {
    this.#options = options;
    this.#grantedAt = options.grants.load() ?? Number.NEGATIVE_INFINITY;
    this.#wasShut = this.isShut;
  }

  /** Fenced tasks may not run. */
  get isShut(): boolean {
    return this.#shutsInMs() <= 0;
  }

  start(): void {
    this.#arm();
  }

  stop(): void {
    this.#isOver = true;
    this.#timer?.cancel();
  }

  /** A manager has answered a heartbeat that was sent then, by the monotonic clock. */
  granted(sentAt: number): void {
    if (sentAt <= this.#grantedAt) return;
    this.#grantedAt = sentAt;
    if (this.#options.containers().length > 0) this.#options.grants.save(sentAt);
    if (this.isShut || !this.#wasShut) return;
    this.#wasShut = false;
    this.#arm();
    this.#options.onOpen();
  }

  #shutsInMs(): number {
    return fenceShutsInMs(this.#grantedAt, this.#options.clock.monotonic());
  }

  #arm(): void {
    if (this.#isOver) return;
    const inMs = this.#shutsInMs();
    this.#timer?.cancel();
    this.#timer = this.#options.clock.timer(inMs > 0 ? inMs : LOOK_MS, () => this.#look());
  }

  #look(): void {
    const shutForMs = -this.#shutsInMs();
    if (shutForMs >= 0) {
      this.#wasShut = true;
      const containers = this.#options.containers();
      if (containers.length > 0) void this.#stopRunning();
      if (shutForMs >= FENCE_GRACE_MS + FENCE_ENGINE_MS) for (const id of containers) void this.#kill(id);
    }
    this.#arm();
  }

  async #stopRunning(): Promise<void> {
    if (this.#isListing) return;
    const { engine, nodeId, log } = this.#options;
    this.#isListing = true;
    try {
      for (const { id, labels, running } of await engine.list(`${LABELS.node}=${nodeId}`))
        if (running && labels[LABELS.partition] === 'stop' && this.isShut) void this.#end(id, labels[LABELS.task] ?? '');
    } catch (error) {
      log.warn({ error }, 'fenced tasks could not be listed, trying again');
    } finally {
      this.#isListing = false;
    }
  }

  async #end(containerId: string, taskId: string): Promise<void> {
    const { engine, log } = this.#options;
    if (this.#stopping.has(containerId)) return;
    this.#stopping.add(containerId);
    log.warn({ taskId }, `task is stopped: ${REASON}`);
    try {
      this.#options.condemn(taskId, REASON);
      await engine.stop(containerId, FENCE_GRACE_MS);
    } catch (error) {
      log.warn({ error, taskId }, 'a fenced task could not be stopped, trying again');
    } finally {
      this.#stopping.delete(containerId);
    }
  }

  async #kill(containerId: string): Promise<void> {
    const { killer, log } = this.#options;
    try {
      const count = await killer.kill(containerId);
      if (count > 0)
        log.warn({ containerId, processes: count }, 'the engine did not stop a fenced task in time: its processes were killed');
    } catch (error) {
      log.error({ error, containerId }, 'the processes of a fenced task could not be killed, trying again');
    }
  }
}
