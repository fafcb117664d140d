import type { Kind, ObjectChange, ObjectTypes, Task } from '@tessera/api';
import { SeededRandom, SystemClock, silentLog } from '@tessera/kit';
import { MemoryStore } from '@tessera/manager/adapters/kv/memory/memory-store';
import { SchedulerController } from '@tessera/manager/controllers/scheduler-controller';
import type { Kv } from '@tessera/manager/ports/kv';
import type { StoreChange } from '@tessera/manager/ports/store';
import { KvClusterStore } from '@tessera/manager/state/cluster-store';
import { aesSealer } from '@tessera/manager/state/seal';
import { type Job, makeNode } from './workload.js';

/** A store with its view, and the very scheduler of the leader on it: nothing else of a manager. */
export class BenchCluster {
  readonly random = new SeededRandom(1);
  /** Tasks created so far. */
  submitted = 0;
  #assigned = 0;
  #waiting: { count: number; resolve: () => void } | undefined;
  #isScheduling = false;

  private constructor(
    readonly store: KvClusterStore,
    private readonly kv: Kv,
    private readonly scheduler: SchedulerController,
  ) {
    store.onChange((change, gone) => this.#onChange(change, gone));
  }

  /** @param kv a memory of its own unless given */
  static async open(kv?: Kv): Promise<BenchCluster> {
    const clock = new SystemClock();
    const random = new SeededRandom(2);
    const own = kv ?? new MemoryStore({ clock, keepsObjects: true }).connect();
    const sealer = aesSealer('ab'.repeat(32), random);
    const store = await KvClusterStore.open({ kv: own, clock, random, log: silentLog, sealer });
    return new BenchCluster(store, own, new SchedulerController({ store, clock, random, log: silentLog }));
  }

  /** Elects the scheduler, as it were: it takes over what is there, and hears of every change from now on. */
  startScheduler(): void {
    this.#isScheduling = true;
    this.scheduler.start();
  }

  async addNodes(count: number): Promise<void> {
    const changes: StoreChange[] = [];
    for (let index = 0; index < count; index++)
      changes.push({ type: 'put', kind: 'nodes', object: makeNode(index, this.random), expect: 'absent' });
    await this.#write(changes);
  }

  /** Creates a service and its tasks. */
  async submit({ service, revision, tasks }: Job): Promise<void> {
    this.submitted += tasks.length;
    await this.#write([
      { type: 'put', kind: 'services', object: service, expect: 'absent' },
      { type: 'put', kind: 'revisions', object: revision, expect: 'absent' },
      ...tasks.map(creation),
    ]);
  }

  async addTask(task: Task): Promise<void> {
    this.submitted++;
    await this.#write([creation(task)]);
  }

  /** Resolves when the view has so many assigned tasks in all. */
  untilAssigned(count: number): Promise<void> {
    if (this.#assigned >= count) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting = { count, resolve };
    });
  }

  async close(): Promise<void> {
    await this.scheduler.stop();
    this.store.close();
    await this.kv.close();
  }

  async #write(changes: readonly StoreChange[]): Promise<void> {
    const { conflicts } = await this.store.commitBatch(changes);
    if (conflicts.length > 0) throw new Error(`${conflicts.length} of ${changes.length} changes were not written`);
  }

  #onChange(change: ObjectChange, gone: ObjectTypes[Kind] | undefined): void {
    if (this.#isScheduling) this.scheduler.onChange(change, gone);
    if (change.kind !== 'tasks' || change.object?.status.state !== 'assigned') return;
    this.#assigned++;
    if (this.#waiting && this.#assigned >= this.#waiting.count) this.#waiting.resolve();
  }
}

function creation(task: Task): StoreChange {
  return { type: 'put', kind: 'tasks', object: task, expect: 'absent' };
}
