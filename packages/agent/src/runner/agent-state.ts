import {
  type EndedTask,
  type FileContent,
  isTerminal,
  type NetworkAssignment,
  type NodeSetItems,
  type ServiceEndpoints,
  type TaskAssignment,
  type TaskReport,
} from '@tessera/api';
import { advance, reportOf, type StatusChange, type TaskRecord } from '../model/task-record.js';
import { adoptDesired } from '../plan/adopt-desired.js';
import type { RemovedItems } from '../ports/core.js';
import type { NetworkChange } from '../ports/node-network.js';
import type { StateChange, TaskDb } from '../ports/task-db.js';

interface Items {
  tasks: Map<string, TaskAssignment>;
  ended: Map<string, EndedTask>;
  networks: Map<string, NetworkAssignment>;
  files: Map<string, FileContent>;
}

/** Desired set and task records in memory, written through to the database; tells each change of a status, in order. */
export class AgentState {
  readonly #db: TaskDb;
  readonly #records: Map<string, TaskRecord>;
  readonly #listeners = new Set<(report: TaskReport) => void>();
  /** Networks that were desired while the agent ran: their tasks may still have to end. */
  readonly #formerNetworks = new Map<string, NetworkAssignment>();
  #items: Items;
  /** Of the services that are desired; the node's network has them themselves. Changed in place, since there may be many. */
  readonly #serviceIds: Set<string>;
  /** What changed of services since the node's network was told. */
  #serviceChanges: Map<string, ServiceEndpoints | undefined>;
  #seq: number;

  constructor(db: TaskDb) {
    const saved = db.load();
    this.#db = db;
    this.#seq = saved.seq;
    this.#items = indexed(saved.desired);
    this.#serviceChanges = byId(saved.desired.services);
    this.#serviceIds = new Set(this.#serviceChanges.keys());
    this.#records = new Map(saved.records.map((record) => [record.assignment.id, record]));
  }

  get records(): ReadonlyMap<string, TaskRecord> {
    return this.#records;
  }

  /** Number of the last set that was taken over. */
  get seq(): number {
    return this.#seq;
  }

  /** No desired set was ever taken over: what runs here may well be wanted. */
  get isEmpty(): boolean {
    return this.#seq === 0;
  }

  file(id: string): FileContent | undefined {
    return this.#items.files.get(id);
  }

  onReport(listener: (report: TaskReport) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Returns the ids of tasks that changed. */
  replace(seq: number, put: NodeSetItems, now: number): string[] {
    // The set answers a `hello` that told of all held tasks: the manager knows how those ended that ended before.
    const told = [...this.#records.values()].filter(({ status, confirmed }) => isTerminal(status.state) && !confirmed);
    for (const record of told) this.#records.set(record.assignment.id, { ...record, confirmed: true });
    const ids = this.#adopt(indexed(put), { seq, put, remove: 'all' }, now);
    const kept = new Set(put.services.map(({ id }) => id));
    this.#changeServices(
      put.services,
      [...this.#serviceIds].filter((id) => !kept.has(id)),
    );
    return ids;
  }

  merge(seq: number, put: NodeSetItems, remove: RemovedItems, now: number): string[] {
    const ids = this.#adopt(merged(this.#items, put, remove), { seq, put, remove }, now);
    this.#changeServices(put.services, remove.services);
    return ids;
  }

  /** There are networks that only tasks on their way out may still hold. */
  get hasFormerNetworks(): boolean {
    return this.#formerNetworks.size > 0;
  }

  /** What the node's network must be, for it to be told: networks stay until the tasks on them have ended. Containers kept for their logs hold none. */
  takeNetworkChange(): NetworkChange {
    const services = this.#serviceChanges;
    this.#serviceChanges = new Map();
    return { networks: this.networks(), services };
  }

  networks(): NetworkAssignment[] {
    const networks = new Map(this.#items.networks);
    for (const { assignment, status } of this.#records.values()) {
      if (isTerminal(status.state)) continue;
      for (const { networkId } of assignment.networks) {
        const former = this.#formerNetworks.get(networkId);
        if (former && !networks.has(networkId)) networks.set(networkId, former);
      }
    }
    return [...networks.values()];
  }

  report(taskId: string, change: StatusChange, now: number): void {
    const record = this.#records.get(taskId);
    const status = record && advance(record.status, change, now);
    if (!record || !status) return;
    this.#put([{ ...record, status }]);
    this.#tell(taskId);
  }

  update(taskId: string, change: Partial<TaskRecord>): void {
    const record = this.#records.get(taskId);
    if (record) this.#put([{ ...record, ...change }]);
  }

  /** Saves the predecessor's and the successor's record as one, so that a crash between makes no second successor. */
  succeed(taskId: string, successor: TaskRecord): void {
    const record = this.#records.get(taskId);
    if (!record) return;
    this.#put([{ ...record, restartSettled: true }, successor]);
    this.#tell(successor.assignment.id);
  }

  /** Forgets tasks in the middle of a chain of restarts; their successors take over whose place they took. */
  collapse(taskIds: readonly string[]): void {
    for (const taskId of taskIds) {
      const dropped = this.#records.get(taskId);
      if (!dropped) continue;
      const { successorOf } = dropped;
      const heirs = [...this.#records.values()].filter((record) => record.successorOf === taskId);
      this.#db.save({ forget: [taskId] });
      this.#records.delete(taskId);
      if (successorOf !== undefined) this.#put(heirs.map((heir) => ({ ...heir, successorOf })));
    }
  }

  forget(taskId: string): void {
    this.#records.delete(taskId);
    this.#db.save({ forget: [taskId] });
  }

  #adopt(items: Items, desired: NonNullable<StateChange['desired']>, now: number): string[] {
    for (const [id, network] of this.#items.networks) this.#formerNetworks.set(id, network);
    for (const id of items.networks.keys()) this.#formerNetworks.delete(id);
    const before = new Set(this.#records.keys());
    const changed = adoptDesired(this.#records, [...items.tasks.values()], items.ended, now);
    this.#put(changed, desired);
    this.#items = items;
    this.#seq = desired.seq;
    const ids = changed.map(({ assignment }) => assignment.id);
    for (const id of ids) if (!before.has(id)) this.#tell(id);
    return ids;
  }

  #changeServices(put: readonly ServiceEndpoints[], gone: readonly string[]): void {
    for (const id of gone) {
      this.#serviceIds.delete(id);
      this.#serviceChanges.set(id, undefined);
    }
    for (const service of put) {
      this.#serviceIds.add(service.id);
      this.#serviceChanges.set(service.id, service);
    }
  }

  #put(records: readonly TaskRecord[], desired?: StateChange['desired']): void {
    this.#db.save({ records, ...(desired && { desired }) });
    for (const record of records) this.#records.set(record.assignment.id, record);
  }

  #tell(taskId: string): void {
    const record = this.#records.get(taskId);
    if (record) for (const listener of this.#listeners) listener(reportOf(record));
  }
}

function byId<T extends { id: string }>(items: readonly T[]): Map<string, T> {
  return new Map(items.map((item) => [item.id, item]));
}

function indexed({ tasks, ended, networks, files }: NodeSetItems): Items {
  return { tasks: byId(tasks), ended: byId(ended), networks: byId(networks), files: byId(files) };
}

function merged(items: Items, put: NodeSetItems, remove: RemovedItems): Items {
  const merge = <T extends { id: string }>(old: ReadonlyMap<string, T>, more: readonly T[], gone: readonly string[]): Map<string, T> => {
    const result = new Map(old);
    for (const id of gone) result.delete(id);
    for (const item of more) result.set(item.id, item);
    return result;
  };
  return {
    tasks: merge(items.tasks, put.tasks, remove.tasks),
    ended: merge(items.ended, put.ended, remove.ended),
    networks: merge(items.networks, put.networks, remove.networks),
    files: merge(items.files, put.files, remove.files),
  };
}
