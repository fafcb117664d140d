import { isDeepStrictEqual } from 'node:util';
import { compareStates, type ObjectChange, type Service, type Task } from '@tessera/api';
import { isLive, isRunning, isToldToGo } from '@tessera/manager/model/task';
import type { ClusterView } from '@tessera/manager/model/view';
import { serviceProgress } from '@tessera/manager/plan/progress';
import { isGoodImage } from '../world/images.js';
import type { SimWorld } from '../world/world.js';
import type { Invariant } from './invariant.js';

/** So long after the last fault its after-effects are over. */
const CALM_MS = 60_000;

/**
 * 7. During an update, never fewer ready tasks than the update settings allow, nor more in total. Watched for services
 * that were complete before the update, as long as nothing else befalls the cluster.
 */
export const updateBudget: Invariant = {
  name: 'update-budget',
  watch({ world, faults }, violated) {
    /** Services that were complete, and have only been updated since, by the same settings. */
    const watched = new Map<string, Watched>();
    return {
      onChange(change: ObjectChange) {
        if (change.kind === 'services' && !staysComparable(change.object, watched.get(change.id))) watched.delete(change.id);
      },
      onMoment() {
        if (faults.active > 0 || world.calmForMs() < CALM_MS) watched.clear();
        else for (const [serviceId, { replicas }] of watched) check(world.view, serviceId, replicas, violated);
      },
      onStep() {
        if (faults.active > 0 || world.calmForMs() < CALM_MS) return;
        for (const service of world.view.all('services')) {
          const settings = settingsOf(service);
          if (settings && isComplete(world, service)) watched.set(service.id, settings);
        }
      },
    };
  },
};

function check(view: ClusterView, serviceId: string, replicas: number, violated: (what: string) => void): void {
  const service = view.get('services', serviceId);
  if (!service) return;
  const { order, parallelism } = service.spec.update;
  const batch = parallelism === 0 ? replicas : parallelism;
  const tasks = [...view.tasksOfService(serviceId)];
  // A move for a better spread begins when the update has ended, and has one more for a while.
  if (tasks.some((task) => task.move && isLive(task))) return;
  const ready = tasks.filter((task) => isRunning(task) && !isToldToGo(task)).length;
  const total = tasks.filter(mayRun).length;
  const [fewest, most] = order === 'start-first' ? [replicas, replicas + batch] : [replicas - batch, replicas];
  if (ready < fewest)
    violated(`${service.spec.name} has ${ready} ready tasks, its update (${order}, ${parallelism}) allows no fewer than ${fewest}`);
  if (total > most)
    violated(`${service.spec.name} has ${total} live tasks, its update (${order}, ${parallelism}) allows no more than ${most}`);
}

/** It has a process, or may get one: not so one that was told to go before it was started. */
function mayRun(task: Task): boolean {
  return isLive(task) && (task.desired === 'running' || compareStates(task.status.state, 'starting') >= 0);
}

function isComplete({ view, clock }: SimWorld, service: Service): boolean {
  return isGoodImage(service.spec.template.container.image) && serviceProgress(view, service, clock.now()).converged;
}

/** The service has as many replicas and the same settings as before, and its image is one that runs. */
function staysComparable(service: Service | undefined, before: Watched | undefined): boolean {
  return service !== undefined && isDeepStrictEqual(settingsOf(service), before) && isGoodImage(service.spec.template.container.image);
}

/** What the bounds of an update come from: tasks of an update by other settings may still be on their way out. */
interface Watched {
  replicas: number;
  order: string;
  parallelism: number;
}

function settingsOf({ spec: { mode, update, placement, autoscale } }: Service): Watched | undefined {
  // What makes room for others, or follows its load, has fewer or more for other reasons.
  if ((placement.priority ?? 0) < 0 || autoscale) return undefined;
  return mode.kind === 'replicated' ? { replicas: mode.replicas, order: update.order, parallelism: update.parallelism } : undefined;
}
