import type { AgentCore } from '@tessera/agent/ports/core';
import { compareStates, type Node, type Task } from '@tessera/api';
import type { Clock } from '@tessera/kit';
import { isLive, isToldToGo } from '@tessera/manager/model/task';
import { planService } from '@tessera/manager/plan/service/index';
import type { Kv } from '@tessera/manager/ports/kv';
import type { Presence } from '@tessera/manager/ports/presence';
import type { ClusterStore, StoreChange } from '@tessera/manager/ports/store';
import { delegate } from '@tessera/manager/state/testing/delegate-kv';
import type { Feature } from './feature-specs.js';
import type { BridgePool } from './world/bridge-pool.js';
import type { Parts } from './world/parts.js';

/** A fault put into the product on purpose, and the invariant that must find it. */
export interface Mutation {
  /** What the faulty part does, as a sentence. */
  name: string;
  caughtBy: string;
  /** Managers that it takes; 1 when absent. */
  managers?: number;
  /** Features of the runs; absent: plain services alone. */
  features?: readonly Feature[];
  /** Made anew for each run: some count. */
  parts(): Partial<Parts>;
}

/** One event in so many is lost, answered without being done, or told twice. */
const RARE = 40;
const FREQUENT = 10;

/** What only a partition of a node with a fenced task shows: chance brings it about too seldom. */
export const FENCE_MUTATIONS: readonly Mutation[] = [
  {
    name: 'a leader that replaces fenced tasks without a wait',
    caughtBy: 'fenced-once',
    managers: 2,
    parts: () => ({
      leaderStore: (store, fence) =>
        rewriting(
          store.fenced(() => [fence]),
          givenUpAtOnce,
        ),
    }),
  },
  {
    name: 'an agent whose fence never shuts',
    caughtBy: 'fenced-once',
    managers: 2,
    parts: () => ({ agentCore: grantingItself }),
  },
];

export const MUTATIONS: readonly Mutation[] = [
  { name: 'a store connection that loses a watch event', caughtBy: 'converges', parts: () => ({ kv: losingKv }) },
  { name: 'a store that acknowledges a deploy without writing it', caughtBy: 'acknowledged-stays', parts: () => ({ kv: forgetfulKv }) },
  {
    name: 'a dispatcher that writes a late report over a newer one',
    caughtBy: 'states-move-forward',
    parts: () => ({ dispatcherStore: lateReports }),
  },
  {
    name: 'a scheduler that ignores reservations and ports',
    caughtBy: 'no-overcommit',
    parts: () => ({
      leaderStore: (store, fence) =>
        rewriting(
          store.fenced(() => [fence]),
          onFirstNode,
        ),
    }),
  },
  {
    name: 'a scheduler that gives the same GPU to all',
    caughtBy: 'ids-once',
    parts: () => ({
      leaderStore: (store, fence) =>
        rewriting(
          store.fenced(() => [fence]),
          sameGpu,
        ),
    }),
  },
  {
    name: 'a controller that starts a successor before its predecessor has ended',
    caughtBy: 'one-task-per-slot',
    parts: () => ({
      leaderStore: (store, fence) =>
        rewriting(
          store.fenced(() => [fence]),
          startedAtOnce,
        ),
    }),
  },
  {
    name: 'a leader that neither fences its writes nor steps down',
    caughtBy: 'one-task-per-slot',
    managers: 2,
    parts: () => ({ leaderStore: (store) => store, stepsDown: false }),
  },
  {
    name: 'an updater that stops all tasks at once',
    caughtBy: 'update-budget',
    parts: () => ({ leaderStore: (store, fence) => stoppingAll(store.fenced(() => [fence])) }),
  },
  {
    name: 'a manager that lost its lease and serves its nodes on',
    caughtBy: 'down-is-silent',
    managers: 2,
    parts: () => ({ presence: neverLost }),
  },
  {
    name: 'a manager that calls nodes down which others serve',
    caughtBy: 'down-is-silent',
    managers: 3,
    parts: () => ({ dispatcherStore: callingDown }),
  },
  {
    name: 'a leader that takes every node of a manager that is gone for down at once',
    caughtBy: 'down-is-silent',
    managers: 3,
    parts: () => ({ leaderStore: (store, fence) => hastily(store.fenced(() => [fence])) }),
  },
  {
    name: 'a planner that puts a new task into a slot that is held',
    caughtBy: 'one-task-per-slot',
    parts: () => ({
      leaderStore: (store, fence) =>
        rewriting(
          store.fenced(() => [fence]),
          intoFirstSlot(),
        ),
    }),
  },
  {
    name: 'a scheduler that gives a task another node after it has one',
    caughtBy: 'states-move-forward',
    parts: () => ({
      leaderStore: (store, fence) =>
        rewriting(
          store.fenced(() => [fence]),
          toAnotherNode,
        ),
    }),
  },
  {
    name: 'a leader that writes over what has changed since it looked',
    caughtBy: 'states-move-forward',
    parts: () => ({
      leaderStore: (store, fence) =>
        writing(
          store.fenced(() => [fence]),
          (changes) => changes.map(unguarded),
        ),
    }),
  },
  {
    name: 'a dispatcher that confirms reports which it has not written',
    caughtBy: 'converges',
    parts: () => ({ dispatcherStore: losingReports }),
  },
  { name: 'a planner that wants one task more each time', caughtBy: 'plans-come-to-rest', parts: () => ({ planService: restlessPlan }) },
  { name: 'hosts that give out the same addresses', caughtBy: 'no-overcommit', parts: () => ({ bridges: sameBlock }) },
];

function losingKv(kv: Kv): Kv {
  let count = 0;
  return {
    ...delegate(kv),
    watch: (prefix, options) =>
      kv.watch(prefix, {
        ...options,
        onEvents: (events, revision) =>
          options.onEvents(
            events.filter(() => ++count % RARE !== 0),
            revision,
          ),
      }),
  };
}

function forgetfulKv(kv: Kv): Kv {
  return {
    ...delegate(kv),
    txn: async (txn) => {
      const isDeploy = txn.ops.some((op) => op.type === 'put' && op.key.includes('/revisions/'));
      return isDeploy ? { succeeded: true, revision: (await kv.range('', { limit: 1 })).revision } : kv.txn(txn);
    },
  };
}

/** A store whose changes of tasks are written as `rewrite` has them. */
export function rewriting(store: ClusterStore, rewrite: (task: Task, store: ClusterStore) => Task): ClusterStore {
  const change = (one: StoreChange): StoreChange =>
    one.type === 'put' && one.kind === 'tasks' ? { ...one, object: rewrite(one.object, store) } : one;
  return writing(store, (changes) => changes.map(change));
}

/** A store to which something else is written. */
export function writing(store: ClusterStore, alter: (changes: readonly StoreChange[]) => StoreChange[]): ClusterStore {
  return {
    get view() {
      return store.view;
    },
    commit: (changes) => store.commit(alter(changes)),
    fingerprint: (content) => store.fingerprint(content),
    commitBatch: (changes) => store.commitBatch(alter(changes)),
    onChange: (listener) => store.onChange(listener),
    catchUp: () => store.catchUp(),
    waitFor: (revision, signal) => store.waitFor(revision, signal),
  };
}

function onFirstNode(task: Task, { view }: ClusterStore): Task {
  const ready = [...view.all('nodes')].find(({ status }) => status.state === 'ready');
  return task.status.state === 'assigned' && ready && task.slot !== undefined ? { ...task, nodeId: ready.id } : task;
}

function sameGpu(task: Task): Task {
  const resources = task.resources?.map(({ kind, ids }) => ({ kind, ids: ids.map(() => 'g0') }));
  return task.status.state === 'assigned' && resources ? { ...task, resources } : task;
}

function startedAtOnce(task: Task): Task {
  const { startAfter: _, ...rest } = task;
  return task.desired === 'ready' ? { ...rest, desired: 'running' } : task;
}

/** Writes now and then a status as it was two reports before, over the one that came after it. */
function lateReports(store: ClusterStore): ClusterStore {
  const former = new Map<string, Task['status'][]>();
  let count = 0;
  return writing(store, (changes) =>
    changes.map((change) => {
      if (change.type !== 'put' || change.kind !== 'tasks') return change;
      const { id, status } = change.object;
      const known = former.get(id) ?? [];
      const [late, last] = known;
      former.set(id, [...known, status].slice(-2));
      const isOlder = late !== undefined && last !== undefined && compareStates(late.state, last.state) < 0;
      return isOlder && ++count % FREQUENT === 0 ? { ...change, object: { ...change.object, status: late } } : change;
    }),
  );
}

/** Stopping one task of a service stops the others, too. */
function stoppingAll(store: ClusterStore): ClusterStore {
  return writing(store, (changes) => {
    const told = new Set(changes.map((change) => (change.type === 'put' ? change.object.id : change.id)));
    const stopped = changes.flatMap((change) =>
      change.type === 'put' && change.kind === 'tasks' && change.object.desired === 'shutdown' ? [change.object.serviceId] : [],
    );
    const others = [...new Set(stopped)].flatMap((serviceId) =>
      [...store.view.tasksOfService(serviceId)].filter((task) => isLive(task) && !isToldToGo(task) && !told.has(task.id)),
    );
    const more = others.map(
      (task): StoreChange => ({
        type: 'put',
        kind: 'tasks',
        object: { ...task, desired: 'shutdown' },
        expect: { revision: task.revision },
      }),
    );
    return [...changes, ...more];
  });
}

const restlessPlan: typeof planService = (view, serviceId, now, newId) => {
  const plan = planService(view, serviceId, now, newId);
  const [task] = view.tasksOfService(serviceId);
  if (!task) return plan;
  return { ...plan, changes: [...plan.changes, { type: 'put', kind: 'tasks', object: { ...task, id: newId() }, expect: 'absent' }] };
};

function sameBlock(pool: BridgePool): BridgePool {
  const put = pool.put.bind(pool);
  pool.put = (networks) => put(networks.map((network) => ({ ...network, block: '10.128.0.0/24' })));
  return pool;
}

/** The place is never lost, whatever becomes of the lease. */
function neverLost(presence: Presence): Presence {
  let last: string | undefined;
  return {
    get id() {
      return (last = presence.id ?? last);
    },
    onChange: (listener) => presence.onChange(() => presence.id !== undefined && listener()),
  };
}

/** With each report of a task, some node that another manager serves is called down. */
function callingDown(store: ClusterStore): ClusterStore {
  let count = 0;
  return writing(store, (changes) => {
    const [first] = changes;
    if (first?.type !== 'put' || first.kind !== 'tasks' || ++count % RARE !== 0) return [...changes];
    const own = store.view.get('nodes', first.object.nodeId ?? '')?.session?.manager;
    const other = [...store.view.all('nodes')].find(({ session, status }) => status.state === 'ready' && session?.manager !== own);
    return other ? [...changes, down(other)] : [...changes];
  });
}

/** What a leader writes about a node it writes about all that were served by the same manager at some time, whether or not they came back. */
function hastily(store: ClusterStore): ClusterStore {
  const served = new Map<string, Set<string>>();
  return writing(store, (changes) => {
    for (const { id, session } of store.view.all('nodes')) {
      if (session) served.set(session.manager, (served.get(session.manager) ?? new Set()).add(id));
    }
    const gone = [...served].filter(([manager]) => store.view.get('managers', manager) === undefined);
    const told = new Set(changes.flatMap((change) => (change.type === 'put' ? [change.object.id] : [change.id])));
    const nodes = gone.flatMap(([manager, ids]) => {
      served.delete(manager);
      return [...ids].flatMap((id) => store.view.get('nodes', id) ?? []);
    });
    return [...changes, ...nodes.filter(({ id, status }) => status.state === 'ready' && !told.has(id)).map(down)];
  });
}

function down(node: Node): StoreChange {
  const status = { state: 'down' as const, message: 'called down by mistake', at: node.status.at };
  return { type: 'put', kind: 'nodes', object: { ...node, status }, expect: 'any' };
}

/** One new task in so many. */
function intoFirstSlot(): (task: Task) => Task {
  let count = 0;
  return (task) =>
    task.slot !== undefined && task.slot > 1 && task.revision === 0 && ++count % FREQUENT === 0 ? { ...task, slot: 1 } : task;
}

function toAnotherNode(task: Task, { view }: ClusterStore): Task {
  const other = [...view.all('nodes')].find(({ id, status }) => status.state === 'ready' && id !== task.nodeId);
  return other && task.slot !== undefined && task.status.state === 'running' ? { ...task, nodeId: other.id } : task;
}

function unguarded(change: StoreChange): StoreChange {
  return change.type === 'put' && change.kind === 'tasks' && typeof change.expect === 'object' ? { ...change, expect: 'any' } : change;
}

/** What shall wait for its fence is given up instead. */
function givenUpAtOnce(task: Task): Task {
  if (!task.status.message.includes('x-partition')) return task;
  return { ...task, desired: 'shutdown', status: { ...task.status, state: 'orphaned', finishedAt: task.status.at } };
}

function grantingItself(core: AgentCore, clock: Clock): AgentCore {
  const again = (): void => {
    core.granted(clock.monotonic());
    clock.timer(1_000, again);
  };
  again();
  return core;
}

/** One batch in so many of statuses is said to be written, and is not. */
function losingReports(store: ClusterStore): ClusterStore {
  let count = 0;
  return {
    ...writing(store, (changes) => [...changes]),
    get view() {
      return store.view;
    },
    fingerprint: (content) => store.fingerprint(content),
    commitBatch: (changes) =>
      changes.every(({ kind }) => kind === 'tasks') && ++count % FREQUENT === 0
        ? Promise.resolve({ revision: store.view.revision, conflicts: [] })
        : store.commitBatch(changes),
  };
}
