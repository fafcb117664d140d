import type { Task } from '@tessera/api';
import { isAssigned, isLive, isRunning, isToldToGo, isWanted } from '../../model/task.js';
import type { World } from './world.js';

/** Every agent does at once what it is told; planners answer; no time passes. */
export function obey(world: World, starts: (task: Task) => boolean = () => true): void {
  for (let round = 0; round < 100; round++) {
    world.settle();
    const before = world.view.revision;
    for (const task of [...world.view.all('tasks')]) {
      if (!isLive(task) || !isAssigned(task) || world.view.get('nodes', task.nodeId!)?.status.state !== 'ready') continue;
      if (isToldToGo(task)) world.report(task.id, 'shutdown');
      else if (task.desired === 'running' && starts(task)) world.report(task.id, 'running');
    }
    if (world.view.revision === before) return;
  }
  throw new Error('agents and planners do not come to rest');
}

/** The same, with time passing whenever somebody waits for it, at most for `limitMs`. */
export function obeyFor(world: World, limitMs: number): void {
  const end = world.now + limitMs;
  for (;;) {
    obey(world);
    const againInMs = world.settle();
    if (againInMs === undefined || world.now + againInMs > end) break;
    world.now += againInMs;
  }
  world.now = end;
  obey(world);
}

export function running(world: World, serviceId: string): Task[] {
  return world.tasks(serviceId).filter((task) => isWanted(task) && isRunning(task));
}

/** Image tags of running tasks, in order of slots. */
export function runningImages(world: World, serviceId: string): string[] {
  const imageOf = (task: Task): string => world.view.get('revisions', `${serviceId}r${task.specRevision}`)!.spec.template.container.image;
  return running(world, serviceId)
    .sort((a, b) => (a.slot ?? 0) - (b.slot ?? 0))
    .map(imageOf);
}
