import { LABELS } from '@tessera/agent/model/labels';
import { isJob, KINDS, type Service } from '@tessera/api';
import { isAssigned, isLive, isWanted } from '@tessera/manager/model/task';
import type { ClusterView } from '@tessera/manager/model/view';
import { serviceProgress } from '@tessera/manager/plan/progress';
import { short } from '../world/history.js';
import { isGoodImage } from '../world/images.js';
import type { SimWorld } from '../world/world.js';
import type { Invariant } from './invariant.js';

/** 5. Once faults end, the cluster converges to the spec: every node and manager at work, every service and container as wanted. */
export const converges: Invariant = {
  name: 'converges',
  watch({ world }) {
    return { unrest: () => unrestOfParts(world) ?? unrestOfServices(world) ?? unrestOfContainers(world) };
  },
};

function unrestOfParts(world: SimWorld): string | undefined {
  const leaders = world.managers.filter(({ isLeader }) => isLeader).length;
  if (leaders !== 1) return `${leaders} managers lead`;
  for (const { name, context } of world.managers) {
    if (!context) return `manager ${name} does not serve`;
    const difference = differenceOf(context.store.view, world.view);
    if (difference !== undefined) return `manager ${name} sees ${difference} otherwise than it is`;
  }
  for (const node of world.nodes) {
    if (!node.isConnected) return `node ${node.id} has no session`;
    const stored = world.view.get('nodes', node.id);
    if (stored?.status.state !== 'ready') return `node ${node.id} is ${stored?.status.state}: ${stored?.status.message}`;
  }
  return undefined;
}

/** The first object that two views do not agree on. */
function differenceOf(one: ClusterView, other: ClusterView): string | undefined {
  for (const kind of KINDS) {
    for (const object of other.all(kind)) if (one.get(kind, object.id)?.revision !== object.revision) return `${kind}/${short(object.id)}`;
    if (one.count(kind) !== other.count(kind)) return `the number of ${kind}`;
  }
  return undefined;
}

function unrestOfServices(world: SimWorld): string | undefined {
  const { view, clock } = world;
  for (const service of view.all('services')) {
    if (mayStandStill(service)) continue;
    const { converged, failed, waiting, running, desired } = serviceProgress(view, service, clock.now());
    if (isJob(service.spec.mode) && failed !== undefined) continue;
    if (!converged) return `service ${service.spec.name} runs ${running} of ${desired}: ${failed ?? waiting ?? 'not converged'}`;
  }
  for (const task of view.all('tasks')) {
    const service = view.get('services', task.serviceId);
    if (!service && isLive(task)) return `task ${short(task.id)} of ${task.serviceName}, which was removed, is ${task.status.state}`;
    if (!service) return `task ${short(task.id)} of ${task.serviceName}, which was removed, is still listed`;
  }
  return undefined;
}

function unrestOfContainers(world: SimWorld): string | undefined {
  for (const node of world.nodes) {
    const running = new Set(node.engine.running().map(({ labels }) => labels[LABELS.task] ?? ''));
    for (const task of world.view.tasksOfNode(node.id)) {
      const service = world.view.get('services', task.serviceId);
      const isUp = running.delete(task.id);
      // Tasks of jobs end by themselves: their containers are always a little ahead.
      if (service && (mayStandStill(service) || task.run !== undefined)) continue;
      const shouldBeUp = isWanted(task) && isAssigned(task) && task.status.state === 'running';
      if (isUp !== shouldBeUp)
        return `task ${short(task.id)} is ${task.status.state}/${task.desired}, its container ${isUp ? 'runs' : 'does not run'}`;
    }
    for (const taskId of running) return `${node.id} runs a container of task ${short(taskId)}, which is not its own`;
  }
  return undefined;
}

/** Its image is bad, or its update was paused, as the settings say: a person must act. One of low priority gets room when there is some. */
function mayStandStill({ spec, update }: Service): boolean {
  if (spec.schedule || (spec.placement.priority ?? 0) < 0) return true;
  const isBad = !isJob(spec.mode) && !isGoodImage(spec.template.container.image);
  return isBad || update?.state === 'paused' || update?.state === 'rollback-paused';
}
