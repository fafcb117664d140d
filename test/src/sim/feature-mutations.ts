import type { AgentCore } from '@tessera/agent/ports/core';
import type { NodeSetItems, Service, Task, TaskAssignment } from '@tessera/api';
import { isLive, isWanted } from '@tessera/manager/model/task';
import type { ClusterView } from '@tessera/manager/model/view';
import type { ClusterStore, StoreChange } from '@tessera/manager/ports/store';
import { type Mutation, rewriting, writing } from './mutations.js';

/** Faults in what goes beyond plain services. */
export const FEATURE_MUTATIONS: readonly Mutation[] = [
  {
    name: 'an agent that restarts whatever the policy says',
    caughtBy: 'restart-policy',
    features: ['frail'],
    parts: () => ({ agentCore: (core) => altering(core, heedless) }),
  },
  {
    name: 'an agent that stops what leaves before others have heard of it',
    caughtBy: 'leaves-acknowledged',
    features: ['auto'],
    parts: () => ({ agentCore: (core) => altering(core, atOnce) }),
  },
  {
    name: 'a schedule that begins two runs for one moment',
    caughtBy: 'job-runs',
    features: ['tick'],
    parts: () => ({
      leaderStore: (store, fence) =>
        writing(
          store.fenced(() => [fence]),
          (changes) => changes.map(runTwice),
        ),
    }),
  },
  {
    name: 'a job that does again what is done',
    caughtBy: 'job-tasks',
    features: ['once'],
    parts: () => ({
      leaderStore: (store, fence) =>
        rewriting(
          store.fenced(() => [fence]),
          intoFirstSlotOfRun,
        ),
    }),
  },
  {
    name: 'an update that goes beyond its canary unpromoted',
    caughtBy: 'canary-share',
    features: ['canary'],
    parts: () => ({ leaderStore: (store, fence) => blindToCanaries(store.fenced(() => [fence])) }),
  },
  {
    name: 'an autoscaler that heeds no bounds',
    caughtBy: 'autoscale-bounds',
    features: ['auto'],
    parts: () => ({
      leaderStore: (store, fence) =>
        writing(
          store.fenced(() => [fence]),
          (changes) => changes.map(fourMore),
        ),
    }),
  },
  {
    name: 'a move that stops the task first',
    caughtBy: 'moves-start-first',
    features: ['even'],
    parts: () => ({ leaderStore: (store, fence) => movingStopFirst(store.fenced(() => [fence])) }),
  },
  {
    name: 'an atomic release that is said to be taken back, and is not',
    caughtBy: 'atomic-releases',
    features: ['gold'],
    parts: () => ({
      leaderStore: (store, fence) =>
        writing(
          store.fenced(() => [fence]),
          withoutRestored,
        ),
    }),
  },
  {
    name: 'a scheduler that displaces tasks of the same priority',
    caughtBy: 'makes-room',
    features: ['crowd'],
    parts: () => ({ leaderStore: (store, fence) => displacingEquals(store.fenced(() => [fence])) }),
  },
  {
    name: 'a scheduler that gives the room of the displaced to their successors',
    caughtBy: 'makes-room',
    features: ['crowd'],
    parts: () => ({
      leaderStore: (store, fence) =>
        rewriting(
          store.fenced(() => [fence]),
          intoKeptRoom,
        ),
    }),
  },
  {
    name: 'a scheduler that displaces tasks for what does not come',
    caughtBy: 'makes-room',
    features: ['crowd'],
    parts: () => ({ leaderStore: (store, fence) => displacingInVain(store.fenced(() => [fence])) }),
  },
  {
    name: 'a controller that answers each change of a node with another',
    caughtBy: 'time-passes',
    features: ['crowd'],
    parts: () => ({ leaderStore: (store, fence) => answeringNodes(store.fenced(() => [fence])) }),
  },
];

/** Instead of the victim, another task of its node goes that is worth more. */
function displacingEquals(store: ClusterStore): ClusterStore {
  const instead = (change: StoreChange): StoreChange => {
    if (change.type !== 'put' || change.kind !== 'tasks') return change;
    const { id, nodeId, madeRoomFor } = change.object;
    if (!madeRoomFor || nodeId === undefined || store.view.get('tasks', id)?.madeRoomFor) return change;
    const priorityOf = ({ serviceId }: Task): number => store.view.get('services', serviceId)?.spec.placement.priority ?? 0;
    const other = [...store.view.tasksOfNode(nodeId)].find((task) => isWanted(task) && priorityOf(task) >= madeRoomFor.priority);
    return other ? { ...change, object: { ...other, desired: 'shutdown', madeRoomFor }, expect: { revision: other.revision } } : change;
  };
  return writing(store, (changes) => changes.map(instead));
}

/** What is told that room is kept for others gets the room of what went for them. */
function intoKeptRoom(task: Task, { view }: ClusterStore): Task {
  if (task.status.state !== 'pending' || !task.status.message.includes('kept for tasks of')) return task;
  const displaced = [...view.tasksOfService(task.serviceId)].findLast((other) => other.madeRoomFor && other.nodeId && !isLive(other));
  return displaced?.nodeId ? { ...task, nodeId: displaced.nodeId, status: { ...task.status, state: 'assigned' } } : task;
}

/** What room was made for is given no node. */
function displacingInVain(store: ClusterStore): ClusterStore {
  const awaited = new Set<string>();
  return writing(store, (changes) =>
    changes.filter((change) => {
      if (change.type !== 'put' || change.kind !== 'tasks') return true;
      const { madeRoomFor, serviceName, status } = change.object;
      if (madeRoomFor) awaited.add(madeRoomFor.service);
      return status.state !== 'assigned' || !awaited.has(serviceName);
    }),
  );
}

function answeringNodes(store: ClusterStore): ClusterStore {
  store.onChange((change) => {
    if (change.kind !== 'nodes' || !change.object) return;
    store.commit([{ type: 'put', kind: 'nodes', object: change.object, expect: 'any' }]).catch(() => {});
  });
  return store;
}

/** An agent that is told something else of each task. */
function altering(core: AgentCore, alter: (task: TaskAssignment) => TaskAssignment): AgentCore {
  const replace = core.replaceDesired.bind(core);
  const merge = core.mergeDesired.bind(core);
  const altered = (items: NodeSetItems): NodeSetItems => ({ ...items, tasks: items.tasks.map(alter) });
  core.replaceDesired = (seq, items) => replace(seq, altered(items));
  core.mergeDesired = (seq, put, remove) => merge(seq, altered(put), remove);
  return core;
}

function heedless(task: TaskAssignment): TaskAssignment {
  const restart = { ...task.template.restart, condition: 'any' as const, maxAttempts: 0 };
  return { ...task, template: { ...task.template, restart } };
}

function atOnce({ holdMs: _, ...task }: TaskAssignment): TaskAssignment {
  return task;
}

function runTwice(change: StoreChange): StoreChange {
  if (change.type !== 'put' || change.kind !== 'services') return change;
  const { job } = change.object;
  const last = job?.runs.at(-1);
  if (!job || last?.state !== 'running' || last.scheduledAt === undefined || job.runs.at(-2)?.scheduledAt === last.scheduledAt)
    return change;
  const number = job.lastRun + 1;
  return { ...change, object: { ...change.object, job: { ...job, lastRun: number, runs: [...job.runs, { ...last, number }] } } };
}

function intoFirstSlotOfRun(task: Task): Task {
  return task.run !== undefined && task.slot !== undefined && task.revision === 0 ? { ...task, slot: 1 } : task;
}

/** A leader to whom services have no canary; what it writes has it again. */
function blindToCanaries(store: ClusterStore): ClusterStore {
  const blind = new Proxy(store.view, {
    get(view, key) {
      const value = Reflect.get(view, key, view);
      if (typeof value !== 'function') return value;
      if (key !== 'get') return value.bind(view);
      const get: ClusterView['get'] = (kind, id) => {
        const object = view.get(kind, id);
        return kind === 'services' && object ? (withoutCanary(object as Service) as typeof object) : object;
      };
      return get;
    },
  });
  const restored = (change: StoreChange): StoreChange => {
    if (change.type !== 'put' || change.kind !== 'services') return change;
    const canary = store.view.get('services', change.object.id)?.spec.canary;
    return canary ? { ...change, object: { ...change.object, spec: { ...change.object.spec, canary } } } : change;
  };
  return Object.defineProperty(
    writing(store, (changes) => changes.map(restored)),
    'view',
    { get: () => blind },
  );
}

/** Planners tell what they have changed by the object. */
const blinded = new WeakMap<Service, Service>();

function withoutCanary(service: Service): Service {
  const { canary, ...spec } = service.spec;
  if (!canary) return service;
  const known = blinded.get(service) ?? { ...service, spec };
  blinded.set(service, known);
  return known;
}

function fourMore(change: StoreChange): StoreChange {
  if (change.type !== 'put' || change.kind !== 'services' || !change.object.autoscale) return change;
  const { autoscale } = change.object;
  return { ...change, object: { ...change.object, autoscale: { ...autoscale, replicas: autoscale.replicas + 4 } } };
}

/** Where a successor is made of a task that is to move, that one is told to go as well. */
function movingStopFirst(store: ClusterStore): ClusterStore {
  return writing(store, (changes) => {
    const more = changes.flatMap((change): StoreChange[] => {
      if (change.type !== 'put' || change.kind !== 'tasks' || change.object.revision !== 0) return [];
      const { serviceId, slot } = change.object;
      const moved = [...store.view.tasksOfService(serviceId)].filter((task) => task.slot === slot && task.move && isWanted(task));
      return moved.map((task) => ({
        type: 'put',
        kind: 'tasks',
        object: { ...task, desired: 'shutdown' },
        expect: { revision: task.revision },
      }));
    });
    return [...changes, ...more];
  });
}

/** The failed release is marked, its services stay as they are. */
function withoutRestored(changes: readonly StoreChange[]): StoreChange[] {
  const isTakenBack = changes.some(
    (change) => change.type === 'put' && change.kind === 'releases' && change.object.outcome.state === 'rolled-back',
  );
  return changes.filter(({ kind }) => !isTakenBack || (kind !== 'services' && kind !== 'revisions'));
}
