import assert from 'node:assert/strict';
import type { Kind, Node, ObjectTypes, ServiceSpec, Task } from '@tessera/api';
import { deployed } from '../../model/testing/builders.js';
import { IndexedView } from '../../model/view.js';
import { Checks } from '../checks.js';
import type { Decision } from '../decision.js';
import { NodeTable } from '../node-table.js';
import { schedule } from '../schedule.js';
import { Scheduler } from '../scheduler.js';
import { taskGroupOf } from '../task-group.js';

/** A node table that counts how often a filter asks for the state of a node object. */
class CountingTable extends NodeTable {
  asked = 0;

  override versionAt(index: number): number {
    this.asked++;
    return super.versionAt(index);
  }
}

/** A view and a scheduler that hears of each change of it, for tests. */
export class ScheduledWorld {
  readonly view = new IndexedView();
  readonly #table = new CountingTable();
  readonly scheduler: Scheduler;
  now = 1;
  /** What the last pass said. */
  againInMs: number | undefined;
  #revision = 0;

  /** @param most decisions of one pass */
  constructor(private readonly most = Number.POSITIVE_INFINITY) {
    this.scheduler = new Scheduler(this.view, this.#table);
  }

  put<K extends Kind>(kind: K, object: ObjectTypes[K]): void {
    this.#apply({ kind, id: object.id, object: { ...object, revision: this.#revision + 1 } });
  }

  delete(kind: Kind, id: string): void {
    this.#apply({ kind, id, object: undefined });
  }

  putNode(node: Node): void {
    this.put('nodes', node);
  }

  putTask(task: Task): void {
    this.put('tasks', task);
  }

  /** A service and its tasks `<id>.<slot>`; those that are there stay as they are. */
  deploy(id: string, replicas: number, spec: ServiceSpec): void {
    const { service, revision } = deployed(spec, id, this.view.get('services', id));
    this.put('revisions', revision);
    this.put('services', service);
    for (let slot = 1; slot <= replicas; slot++) if (!this.view.get('tasks', `${id}.${slot}`)) this.addTask(id, slot);
  }

  addTask(serviceId: string, slot: number): void {
    const { specRevision, templateHash } = this.view.get('services', serviceId)!;
    this.putTask({
      id: `${serviceId}.${slot}`,
      revision: 0,
      createdAt: this.now,
      updatedAt: 0,
      serviceId,
      serviceName: serviceId,
      specRevision,
      templateHash,
      slot,
      desired: 'running',
      status: { state: 'pending', at: this.now, message: '' },
    });
  }

  /**
   * Passes until nothing is left to decide, and carries them out.
   * @param isStrict each placed task is to fit by what the view says at that moment
   * @returns how many decisions there were
   */
  pass(isStrict = false): number {
    let count = 0;
    for (;;) {
      const { decisions, againInMs } = this.scheduler.pass(this.now, this.most);
      for (const { before, after } of decisions) {
        if (isStrict && after.nodeId && !before.nodeId) assert.ok(this.#fits(after), `${after.id} does not fit on ${after.nodeId}`);
        this.putTask(after);
      }
      count += decisions.length;
      this.againInMs = againInMs;
      if (againInMs !== 0 && decisions.length === 0) return count;
    }
  }

  /** What a scheduler would decide that knows nothing but the view. */
  anew(): Decision[] {
    return schedule(this.view, NodeTable.of(this.view), this.now);
  }

  /** How often filters have asked for the state of a node object so far. */
  nodesAsked(): number {
    return this.#table.asked;
  }

  #fits(task: Task): boolean {
    const table = NodeTable.of(this.view);
    const group = taskGroupOf(this.view, task)!;
    return new Checks(group, table).passes(table.indexOf(task.nodeId!)!);
  }

  #apply(change: { kind: Kind; id: string; object: ObjectTypes[Kind] | undefined }): void {
    const told = { ...change, revision: ++this.#revision } as Parameters<IndexedView['apply']>[0];
    const gone = change.object ? undefined : this.view.get(change.kind, change.id);
    if (this.view.apply(told)) this.scheduler.onChange(told, gone);
  }
}
