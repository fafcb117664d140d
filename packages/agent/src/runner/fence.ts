import { FENCE_AFTER_MS, FENCE_GRACE_MS, fenceShutsInMs } from '@tessera/api';
import type { Clock, Log, Timer } from '@tessera/kit';
import { LABELS } from '../model/labels.js';
import type { Engine } from '../ports/engine.js';
import type { GrantStore } from '../ports/grant-store.js';

export interface FenceOptions {
  clock: Clock;
  log: Log;
  engine: Engine;
  nodeId: string;
  grants: GrantStore;
  /** Fenced tasks live here. */
  isNeeded(): boolean;
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
 * Stops fenced tasks (`x-partition: stop`) while no manager can be reached. It works beside the tasks' own steps, which may be waiting for
 * something long: a stop with much grace, an engine that does not answer.
 */
export class Fence {
  readonly #options: FenceOptions;
  readonly #stopping = new Set<string>();
  #grantedAt: number;
  #timer: Timer | undefined;
  #wasShut: boolean;
  #isOver = false;

  constructor(options: FenceOptions) {
    this.#options = options;
    this.#grantedAt = options.grants.load() ?? Number.NEGATIVE_INFINITY;
    this.#wasShut = this.isShut;
  }

  /** Fenced tasks may not run. */
  get isShut(): boolean {
    return fenceShutsInMs(this.#grantedAt, this.#options.clock.monotonic()) <= 0;
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
    if (this.#options.isNeeded()) this.#options.grants.save(sentAt);
    if (this.isShut || !this.#wasShut) return;
    this.#wasShut = false;
    this.#arm();
    this.#options.onOpen();
  }

  #arm(): void {
    if (this.#isOver) return;
    const inMs = fenceShutsInMs(this.#grantedAt, this.#options.clock.monotonic());
    this.#timer?.cancel();
    this.#timer = this.#options.clock.timer(inMs > 0 ? inMs : LOOK_MS, () => void this.#look());
    if (inMs <= 0 && !this.#wasShut) this.#wasShut = true;
  }

  async #look(): Promise<void> {
    if (this.isShut) {
      this.#wasShut = true;
      // What the next look must not wait for: an engine that does not answer.
      if (this.#options.isNeeded())
        await this.#enforce().catch((error) => this.#options.log.warn({ error }, 'fenced tasks could not be listed'));
    }
    this.#arm();
  }

  async #enforce(): Promise<void> {
    const { engine, nodeId } = this.#options;
    const containers = await engine.list(`${LABELS.node}=${nodeId}`);
    for (const { id, labels, running } of containers) {
      if (running && labels[LABELS.partition] === 'stop' && !this.#stopping.has(id) && this.isShut)
        void this.#end(id, labels[LABELS.task] ?? '');
    }
  }

  async #end(containerId: string, taskId: string): Promise<void> {
    const { engine, log } = this.#options;
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
}
