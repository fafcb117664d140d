import assert from 'node:assert/strict';
import type { Node, ServiceSpec, Task, TaskState } from '@tessera/api';
import { canMove, canWant, isAssigned, isLive } from '../../model/task.js';
import { deployed } from '../../model/testing/builders.js';
import { IndexedView } from '../../model/view.js';
import { NodeTable } from '../../schedule/node-table.js';
import { schedule } from '../../schedule/schedule.js';
import { planNode } from '../node.js';
import type { Change } from '../plan.js';
import { planService } from '../service/index.js';
import { controlled } from '../service/update/control.js';

/** Changes as a test writes them: without an expectation. */
type Write = Change extends infer One ? (One extends { expect: unknown } ? Omit<One, 'expect'> : never) : never;

/**
 * A cluster in memory for tests: the planners and the scheduler run on it one after the other, and the test plays the
 * users, agents and accidents. Checks each write as the store would, and that states only move forward.
 */
export class World {
  readonly view = new IndexedView();
  readonly table = new NodeTable();
  now = 1_000_000;
  #revision = 0;
  #ids = 0;
  readonly #services = new Set<string>();
  readonly #awaySince = new Map<string, number>();

  /** Plans everything over and over until nothing changes. @returns milliseconds until somebody wants to look again */
  settle(): number | undefined {
    for (let round = 0; round < 50; round++) {
      const { changed, againInMs } = this.#round();
      if (!changed) return againInMs;
    }
    throw new Error('the planners do not come to rest');
  }

  /** Plans one service, carries the plan out, and makes sure that planning again gives nothing. */
  planService(serviceId: string): { changes: Change[]; againInMs?: number } {
    const plan = planService(this.view, serviceId, this.now, () => `t${String(++this.#ids).padStart(5, '0')}`);
    this.carryOut(plan.changes);
    const again = planService(this.view, serviceId, this.now, () => 'again');
    assert.deepEqual(again.changes, [], 'a plan on its own result is empty');
    return plan;
  }

  schedule(): number {
    const decisions = schedule(this.view, this.table, this.now);
    this.carryOut(
      decisions.map(({ before, after }) => ({ type: 'put', kind: 'tasks', object: after, expect: { revision: before.revision } })),
    );
    assert.deepEqual(schedule(this.view, this.table, this.now), [], 'scheduling its own result gives nothing');
    return decisions.length;
  }

  /** Creates or changes the service of the spec's name. Returns its id, which is the name for the first of that name. */
  deploy(spec: ServiceSpec): string {
    const before = this.view.byName('services', spec.name);
    const id = before?.id ?? this.#newServiceId(spec.name);
    const { service, revision } = deployed(spec, id, before);
    this.write({ type: 'put', kind: 'revisions', object: revision });
    this.write({ type: 'put', kind: 'services', object: service });
    return id;
  }

  /** The user says what becomes of the update of a service, if there is such a service. */
  control(name: string, action: 'pause' | 'resume' | 'promote'): void {
    const service = this.view.byName('services', name);
    if (!service) return;
    const updateControl = controlled(service.updateControl, action, 'tester');
    this.write({ type: 'put', kind: 'services', object: { ...service, updateControl } });
  }

  putNode(node: Node): void {
    this.write({ type: 'put', kind: 'nodes', object: node });
  }

  setNode(id: string, change: (node: Node) => void): void {
    const node = structuredClone(this.view.get('nodes', id)!);
    change(node);
    this.putNode(node);
  }

  /** An agent says what became of a task; says nothing of tasks that are not its own any more. */
  report(taskId: string, state: TaskState, more: Partial<Task['status']> = {}): void {
    const task = this.view.get('tasks', taskId);
    if (!task || !isLive(task) || !isAssigned(task)) return;
    if (task.status.state === state ? !more.health && !more.files : !canMove(task.status.state, state)) return;
    const startedAt = task.status.startedAt ?? (state === 'running' ? this.now : undefined);
    const status: Task['status'] = { state, at: this.now, message: state, ...(startedAt !== undefined && { startedAt }), ...more };
    this.write({ type: 'put', kind: 'tasks', object: { ...task, status } });
  }

  tasks(serviceId: string): Task[] {
    return [...this.view.tasksOfService(serviceId)];
  }

  carryOut(changes: readonly Change[]): void {
    for (const change of changes) {
      const id = change.type === 'put' ? change.object.id : change.id;
      const before = this.view.get(change.kind, id);
      assert.equal(
        change.expect === 'absent' ? undefined : change.expect.revision,
        before?.revision,
        `${change.kind} ${id} is guarded by what is stored`,
      );
      this.write(change);
    }
  }

  write(change: Write): void {
    const revision = ++this.#revision;
    this.view.advanceTo(revision);
    if (change.type === 'delete') {
      const before = this.view.get('tasks', change.id);
      this.view.apply({ kind: change.kind, id: change.id, object: undefined, revision });
      if (before) this.table.release(before);
      if (change.kind === 'nodes') this.table.deleteNode(change.id);
      return;
    }
    if (change.kind === 'tasks') checkForward(this.view.get('tasks', change.object.id), change.object);
    this.view.apply({
      kind: change.kind,
      id: change.object.id,
      object: { ...change.object, revision, updatedAt: this.now },
      revision,
    } as Parameters<IndexedView['apply']>[0]);
    if (change.kind === 'nodes') this.table.putNode(this.view.get('nodes', change.object.id)!);
    if (change.kind === 'tasks') this.table.putTask(this.view, this.view.get('tasks', change.object.id)!);
  }

  #awayMs(nodeId: string): number {
    if (this.view.get('nodes', nodeId)?.status.state === 'ready') this.#awaySince.delete(nodeId);
    else if (!this.#awaySince.has(nodeId)) this.#awaySince.set(nodeId, this.now);
    return this.now - (this.#awaySince.get(nodeId) ?? this.now);
  }

  #newServiceId(name: string): string {
    const id = this.#services.has(name) ? `${name}v${this.#services.size}` : name;
    this.#services.add(id);
    return id;
  }

  #round(): { changed: boolean; againInMs: number | undefined } {
    let [changed, soonest] = [false, Number.POSITIVE_INFINITY];
    // Also nodes that were removed while they had tasks.
    const nodeIds = new Set([...this.view.all('nodes')].map(({ id }) => id));
    for (const { nodeId } of this.view.all('tasks')) if (nodeId !== undefined) nodeIds.add(nodeId);
    for (const nodeId of nodeIds) {
      const { changes, againInMs } = planNode(this.view, nodeId, this.now, this.#awayMs(nodeId));
      this.carryOut(changes);
      changed ||= changes.length > 0;
      soonest = Math.min(soonest, againInMs ?? soonest);
    }
    const ids = new Set([...this.view.all('services')].map((service) => service.id));
    for (const task of this.view.all('tasks')) ids.add(task.serviceId);
    for (const revision of this.view.all('revisions')) ids.add(revision.serviceId);
    for (const id of ids) {
      const { changes, againInMs } = this.planService(id);
      changed ||= changes.length > 0;
      soonest = Math.min(soonest, againInMs ?? soonest);
    }
    if (this.schedule() > 0) changed = true;
    return { changed, againInMs: Number.isFinite(soonest) ? soonest : undefined };
  }
}

function checkForward(before: Task | undefined, after: Task): void {
  if (!before) return;
  const { state } = before.status;
  assert.ok(
    state === after.status.state || canMove(state, after.status.state),
    `task ${after.id} goes from ${state} to ${after.status.state}`,
  );
  assert.ok(
    before.desired === after.desired || canWant(before.desired, after.desired),
    `task ${after.id} is wanted ${before.desired}, then ${after.desired}`,
  );
}
