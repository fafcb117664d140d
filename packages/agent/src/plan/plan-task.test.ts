import assert from 'node:assert/strict';
import { compareStates, defaultTemplate, isTerminal, TASK_STATES, type TaskState } from '@tessera/api';
import fc from 'fast-check';
import type { ObservedContainer } from '../model/container.js';
import { advance, newRecord, type TaskRecord } from '../model/task-record.js';
import { assignmentOf, containerOf, NOW, recordOf } from '../testing/builders.js';
import { planTask, type TaskView } from './plan-task.js';
import type { Step } from './step.js';

/** The plan as words: `report running`, `start`. */
function words(view: TaskView, now = NOW): string[] {
  return planTask(view, now).steps.map((step) => (step.type === 'report' ? `report ${step.change.state}` : step.type));
}

function firstReport(view: TaskView) {
  const step = planTask(view, NOW).steps.find(({ type }) => type === 'report');
  return step?.type === 'report' ? step.change : undefined;
}

describe('planTask', () => {
  it('prepares a task that has just come', () => {
    assert.deepEqual(words({ record: recordOf() }), ['report preparing', 'ensure-image', 'write-files', 'create']);
  });

  it('starts a created container', () => {
    const view = { record: recordOf({}, { state: 'preparing' }), container: containerOf({ state: 'created' }) };
    assert.deepEqual(words(view), ['report ready', 'report starting', 'write-files', 'start']);
  });

  it('makes a container anew that lacks a network since the agent died while it made it', () => {
    const labels = { 'tessera.network.n1': 'app', 'tessera.network.n2': 'db' };
    const record = recordOf({}, { state: 'preparing' });
    assert.deepEqual(words({ record, container: containerOf({ state: 'created', labels, networks: ['app'] }) }), ['remove-container']);
    assert.equal(words({ record, container: containerOf({ state: 'created', labels, networks: ['app', 'db'] }) }).at(-1), 'start');
  });

  it('starts the task of a job, and never again once it has ended, whatever the condition', () => {
    const job = (state: TaskState): TaskRecord => recordOf({ desired: 'complete' }, { state });
    assert.equal(words({ record: job('preparing'), container: containerOf({ state: 'created' }) }).at(-1), 'start');
    assert.deepEqual(words({ record: job('running'), container: containerOf({ state: 'exited', exitCode: 0 }) }), ['report complete']);
    for (const state of ['complete', 'failed'] as const)
      assert.deepEqual(words({ record: job(state), container: containerOf({ state: 'exited', exitCode: 0 }) }), []);
  });

  it('does not start a task that is only desired ready', () => {
    const view = { record: recordOf({ desired: 'ready' }, { state: 'preparing' }), container: containerOf({ state: 'created' }) };
    assert.deepEqual(words(view), ['report ready']);
  });

  it('waits until a restart is due and says when to look again', () => {
    const view = { record: recordOf({ startAfter: NOW + 500 }, { state: 'preparing' }), container: containerOf({ state: 'created' }) };
    assert.equal(planTask(view, NOW).wakeAt, NOW + 500);
    assert.deepEqual(words(view), ['report ready']);
    assert.deepEqual(words(view, NOW + 500), ['report ready', 'report starting', 'write-files', 'start']);
  });

  it('does not start a task that must not run where no manager can be reached, nor keeps others from it', () => {
    const template = { ...defaultTemplate('db:1'), partition: 'stop' as const };
    const container = containerOf({ state: 'created' });
    const planned = (change: Partial<TaskRecord['assignment']>) =>
      words({ record: recordOf(change, { state: 'preparing' }), container, isFenceShut: true });
    assert.deepEqual(planned({ template }), ['report ready']);
    assert.equal(planned({}).at(-1), 'start');
  });

  it('starts nothing before a manager had the time to say what is wanted', () => {
    const view = { record: recordOf({}, { state: 'preparing' }), container: containerOf({ state: 'created' }), startsFrom: NOW + 10 };
    assert.deepEqual(words(view), ['report ready']);
    assert.equal(planTask(view, NOW).wakeAt, NOW + 10);
    assert.equal(words(view, NOW + 10).at(-1), 'start');
  });

  it('ends what an engine may have lost in a container that it does not call running, before anything else', () => {
    for (const state of ['created', 'exited', 'dead'] as const) {
      const container = containerOf({ state });
      for (const record of [recordOf({}, { state: 'starting' }), recordOf({ desired: 'shutdown' }, { state: 'starting' }), undefined])
        assert.deepEqual(words({ ...(record && { record }), container, mayHaveStrays: true }), ['end-strays']);
    }
    const running = { record: recordOf({}, { state: 'starting' }), container: containerOf(), mayHaveStrays: true };
    assert.deepEqual(words(running), ['report running']);
  });

  it('calls a task without a health check running as soon as its container runs, with its addresses', () => {
    const container = containerOf({ labels: { 'tessera.network.n1': 'app' }, addresses: { app: '10.0.0.5', other: '10.1.0.5' } });
    const change = firstReport({ record: recordOf({}, { state: 'starting' }), container });
    assert.equal(change?.state, 'running');
    assert.deepEqual(change?.addresses, { n1: '10.0.0.5' });
  });

  it('keeps a task in starting until its health check passes', () => {
    const record = recordOf({}, { state: 'starting' });
    const health = { status: 'starting' as const, lastOutput: '' };
    assert.equal(firstReport({ record, container: containerOf({ health }) })?.state, 'starting');
    assert.equal(firstReport({ record, container: containerOf({ health: { ...health, status: 'healthy' } }) })?.state, 'running');
  });

  it('stops an unhealthy container, and calls it failed with the output of its check', () => {
    const record = recordOf({}, { state: 'running' });
    const steps = planTask({ record, container: containerOf({ health: { status: 'unhealthy', lastOutput: 'no answer\n' } }) }, NOW).steps;
    assert.deepEqual(
      steps.map(({ type }) => type),
      ['report', 'condemn', 'stop'],
    );
    const condemned = { ...record, endReason: 'unhealthy: no answer', lastWords: '' };
    const change = firstReport({ record: condemned, container: containerOf({ state: 'exited', exitCode: 0 }) });
    assert.deepEqual([change?.state, change?.error], ['failed', 'unhealthy: no answer']);
  });

  it('stops a task that is desired shut down with the grace of its spec, and keeps its container', () => {
    const template = defaultTemplate('nginx:1');
    template.container.stopGraceMs = 2_500;
    const record = recordOf({ desired: 'shutdown', template }, { state: 'running' });
    assert.deepEqual(planTask({ record, container: containerOf() }, NOW).steps, [{ type: 'stop', containerId: 'c1', graceMs: 2_500 }]);
    const exited = containerOf({ state: 'exited', exitCode: 137 });
    assert.equal(firstReport({ record, container: exited })?.state, 'shutdown');
    const ended = recordOf({ desired: 'shutdown' }, { state: 'shutdown' });
    assert.deepEqual(words({ record: ended, container: exited }), []);
  });

  it('lets a task that is to go run on while clients may still be sent to it, until it is told or the time is over', () => {
    const record = recordOf({ desired: 'shutdown', holdMs: 3_000 }, { state: 'running' }, { holdUntil: NOW + 3_000 });
    assert.deepEqual(planTask({ record, container: containerOf() }, NOW), { steps: [], wakeAt: NOW + 3_000 });
    assert.deepEqual(words({ record, container: containerOf() }, NOW + 3_000), ['stop']);
    const { holdUntil: _, ...told } = record;
    assert.deepEqual(words({ record: told, container: containerOf() }), ['stop']);
    assert.deepEqual(words({ record, container: containerOf({ state: 'exited', exitCode: 0 }) }), ['report shutdown']);
  });

  it('waits for the open connections of a task that is to go, within its grace', () => {
    const container = containerOf({ labels: { 'tessera.network.n1': 'app' }, addresses: { app: '10.0.0.2' } });
    const drain = (stopGraceMs: number, drainMs?: number) => {
      const template = defaultTemplate('nginx:1');
      template.container.stopGraceMs = stopGraceMs;
      const record = recordOf({ desired: 'shutdown', template, ...(drainMs !== undefined && { drainMs }) }, { state: 'running' });
      const [step] = planTask({ record, container }, NOW).steps;
      return step?.type === 'stop' ? step.drain : undefined;
    };
    assert.deepEqual(drain(10_000), { addresses: ['10.0.0.2'], limitMs: 1_000 });
    assert.equal(drain(1_000)?.limitMs, 500);
    assert.equal(drain(10_000, 8_000)?.limitMs, 8_000);
    assert.equal(drain(10_000, 20_000)?.limitMs, 10_000);
    assert.equal(drain(10_000, 0), undefined);
  });

  it('removes container and files of a task that is to go, and forgets it once the manager knows its end', () => {
    const gone = { wanted: false };
    const record = recordOf({ desired: 'remove' }, { state: 'shutdown' }, gone);
    assert.deepEqual(words({ record, container: containerOf({ state: 'exited' }) }), ['remove-container', 'remove-files']);
    assert.deepEqual(words({ record }), []);
    assert.deepEqual(words({ record: { ...record, confirmed: true } }), ['remove-files', 'forget']);
  });

  it('stops and removes a container that belongs to no known task', () => {
    assert.deepEqual(words({ container: containerOf() }), ['stop', 'remove-container', 'remove-files']);
  });

  it('reads the end of the log of what failed, once, and tells it', () => {
    const container = containerOf({ state: 'exited', exitCode: 1 });
    const record = recordOf({}, { state: 'running' });
    assert.deepEqual(words({ record, container }), ['read-last-words']);
    const change = firstReport({ record: { ...record, lastWords: 'no database' }, container });
    assert.equal(change?.error, 'exit code 1: no database');
    assert.equal(firstReport({ record, container: containerOf({ state: 'exited', exitCode: 0 }) })?.error, undefined);
  });

  it('says before it reads the log that the address of what failed is nobody’s any more', () => {
    const record = recordOf({}, { state: 'running', addresses: { app: '10.0.0.2' } });
    const container = containerOf({ state: 'exited', exitCode: 1 });
    assert.deepEqual(words({ record, container }), ['report running', 'read-last-words']);
    const told = firstReport({ record, container });
    assert.deepEqual([told?.state, told?.addresses], ['running', {}]);
  });

  const endings: [string, Partial<ObservedContainer>, string, string | undefined][] = [
    ['with exit code 0', { exitCode: 0 }, 'complete', undefined],
    ['with exit code 0, after a child was killed for lack of memory', { exitCode: 0, oomKilled: true }, 'complete', undefined],
    ['with another exit code', { exitCode: 3 }, 'failed', 'exit code 3'],
    ['by a signal', { exitCode: 143 }, 'failed', 'exit code 143 (ended by signal 15)'],
    ['by someone else killing it', { exitCode: 137 }, 'failed', 'exit code 137 (killed by signal 9, not by Tessera)'],
    [
      'by a kill whose cause the engine does not tell, with a limit of memory',
      { exitCode: 137, memoryLimitBytes: 64 * 1024 * 1024 },
      'failed',
      'exit code 137 (killed by signal 9, not by Tessera; for lack of memory? Its limit is 64 MiB)',
    ],
    [
      'for lack of memory',
      { exitCode: 137, oomKilled: true, memoryLimitBytes: 64 * 1024 * 1024 },
      'failed',
      'out of memory: killed at its limit of 64 MiB',
    ],
  ];
  for (const [how, end, state, error] of endings) {
    it(`says in words how a task ended: ${how}`, () => {
      const change = firstReport({
        record: recordOf({}, { state: 'running' }, { lastWords: '' }),
        container: containerOf({ state: 'exited', ...end }),
      });
      assert.deepEqual([change?.state, change?.error], [state, error]);
    });
  }

  it('takes a running task whose container vanished for failed', () => {
    const change = firstReport({ record: recordOf({}, { state: 'running' }) });
    assert.match(change?.error ?? '', /container is gone/);
  });

  it('restarts a crashed task once, as a new one, after the delay', () => {
    const record = recordOf({}, { state: 'failed', at: NOW, error: 'exit code 1' });
    const view = { record, container: containerOf({ state: 'exited', exitCode: 1 }) };
    assert.deepEqual(planTask(view, NOW).steps, [
      { type: 'restart', startAfter: NOW + 5_000, restarts: [NOW], restart: { attempt: 1, reason: 'exit code 1' } },
    ]);
    assert.deepEqual(words({ ...view, record: { ...record, restartSettled: true } }), []);
  });

  it('leaves the next try of a rejected task and of a job to the manager', () => {
    assert.deepEqual(words({ record: recordOf({}, { state: 'rejected' }) }), ['no-restart']);
    const job = recordOf({ desired: 'complete' }, { state: 'failed' });
    assert.deepEqual(words({ record: job, container: containerOf({ state: 'exited' }) }), []);
  });
});

/** An engine and a database with one slot, on which the planner's steps take effect at once; it counts what must never be. */
class ModelNode {
  readonly records = new Map<string, TaskRecord>();
  readonly containers = new Map<string, ObservedContainer>();
  readonly told = new Map<string, TaskState[]>();
  now = NOW;

  view(taskId: string): TaskView {
    const record = this.records.get(taskId);
    const container = this.containers.get(taskId);
    return { ...(record && { record }), ...(container && { container }) };
  }

  settle(): void {
    for (let round = 0; round < 50; round += 1) {
      const ids = new Set([...this.records.keys(), ...this.containers.keys()]);
      const work = [...ids].map((id) => [id, planTask(this.view(id), this.now).steps] as const).filter(([, steps]) => steps.length > 0);
      if (work.length === 0) return;
      for (const [id, steps] of work) for (const step of steps) this.apply(id, step);
    }
    assert.fail('the planner does not come to rest');
  }

  apply(id: string, step: Step): void {
    const record = this.records.get(id);
    const container = this.containers.get(id);
    switch (step.type) {
      case 'report': {
        const status = record && advance(record.status, step.change, this.now);
        if (record && status) this.put({ ...record, status });
        return;
      }
      case 'create':
        assert.equal(container, undefined, 'a task gets one container');
        this.containers.set(id, containerOf({ id: `c${id}`, state: 'created' }));
        return;
      case 'start':
        assert.equal(container?.state, 'created', 'a container is started once');
        this.containers.set(id, { ...container, state: 'running' });
        return;
      case 'stop':
        if (container) this.containers.set(id, { ...container, state: 'exited', exitCode: 143 });
        return;
      case 'remove-container':
        this.containers.delete(id);
        return;
      case 'condemn':
        if (record) this.records.set(id, { ...record, endReason: step.reason });
        return;
      case 'read-last-words':
        if (record) this.records.set(id, { ...record, lastWords: 'last words' });
        return;
      case 'no-restart':
        if (record) this.records.set(id, { ...record, restartSettled: true });
        return;
      case 'restart':
        if (record) this.restart(record, step);
        return;
      case 'forget':
        this.records.delete(id);
        return;
      case 'ensure-image':
      case 'write-files':
      case 'remove-files':
        return;
    }
  }

  restart(record: TaskRecord, { type: _, ...more }: Extract<Step, { type: 'restart' }>): void {
    const { id } = record.assignment;
    this.records.set(id, { ...record, restartSettled: true });
    assert.equal(this.records.has(`${id}x`), false, 'a task has one successor');
    this.put({ ...newRecord({ ...record.assignment, id: `${id}x`, ...more }, this.now), known: false, successorOf: id });
  }

  put(record: TaskRecord): void {
    const { id } = record.assignment;
    this.records.set(id, record);
    this.told.set(id, [...(this.told.get(id) ?? []), record.status.state]);
  }

  /** Changes the container that runs, as the world does. */
  disturb(change: Partial<ObservedContainer> | 'removed'): void {
    for (const [id, container] of this.containers) {
      if (container.state !== 'running') continue;
      if (change === 'removed') this.containers.delete(id);
      else this.containers.set(id, { ...container, ...change });
    }
  }

  desire(desired: TaskRecord['assignment']['desired']): void {
    for (const record of this.records.values()) {
      if (compareStates(record.status.state, 'running') > 0) continue;
      this.records.set(record.assignment.id, { ...record, assignment: { ...record.assignment, desired } });
    }
  }

  get live(): number {
    return [...this.containers.values()].filter(({ state }) => state === 'running').length;
  }
}

type Action = { crash: number } | { health: 'starting' | 'healthy' | 'unhealthy' } | { passMs: number } | { vanish: true };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ crash: fc.constantFrom(0, 1, 137) }),
  fc.record({ health: fc.constantFrom('starting' as const, 'healthy' as const, 'unhealthy' as const) }),
  fc.record({ passMs: fc.integer({ min: 0, max: 20_000 }) }),
  fc.record({ vanish: fc.constant(true as const) }),
);

function perform(node: ModelNode, one: Action): void {
  if ('crash' in one) node.disturb({ state: 'exited', exitCode: one.crash });
  else if ('health' in one) node.disturb({ health: { status: one.health, lastOutput: 'no' } });
  else if ('vanish' in one) node.disturb('removed');
  else node.now += one.passMs;
}

describe('planTask for a task that ends by itself', () => {
  const ends: Array<[string, ObservedContainer | undefined]> = [
    ['exits', containerOf({ state: 'exited', exitCode: 1 })],
    ['is removed by somebody', undefined],
  ];
  for (const [how, container] of ends) {
    it(`tells its end and its successor together when its container ${how}`, () => {
      const { steps } = planTask({ record: recordOf({}, { state: 'running' }, { lastWords: '' }), ...(container && { container }) }, NOW);
      assert.deepEqual(
        steps.map(({ type }) => type),
        ['report', 'restart'],
      );
    });
  }
});

describe('planTask on a model of a node', () => {
  it('comes to rest, tells states only forward, and never has two live containers in a slot', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 12 }), fc.constantFrom('shutdown' as const, 'remove' as const), (actions, last) => {
        const node = new ModelNode();
        node.put(newRecord(assignmentOf(), NOW));
        for (const one of actions) {
          node.settle();
          assert.ok(node.live <= 1);
          perform(node, one);
        }
        node.desire(last);
        node.settle();
        assert.equal(node.live, 0);
        assert.ok([...node.records.values()].every(({ status }) => isTerminal(status.state)));
        for (const states of node.told.values()) {
          const ranks = states.map((state) => TASK_STATES.indexOf(state));
          assert.deepEqual(
            ranks,
            [...ranks].sort((a, b) => a - b),
          );
        }
      }),
    );
  });
});
