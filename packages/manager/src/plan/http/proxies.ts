import { HTTP_CONFIG, readsHttpConfig, type Task } from '@tessera/api';
import { isRunning } from '../../model/task.js';
import type { ClusterView } from '../../model/view.js';
import { httpFile } from './file.js';

/** Tasks that serve HTTP by what the managers say. */
export function proxyTasks(view: ClusterView): Task[] {
  const proxies = [...view.all('services')].filter(({ spec }) => readsHttpConfig(spec.template));
  return proxies.flatMap(({ id }) => [...view.tasksOfService(id)]);
}

/** Those that clients are sent to. */
export function runningProxies(view: ClusterView): Task[] {
  return proxyTasks(view).filter((task) => task.desired === 'running' && isRunning(task));
}

/** Of those, the ones that do not go by the routes as they are now. */
export function outdatedProxies(view: ClusterView, running: readonly Task[] = runningProxies(view)): Task[] {
  if (running.length === 0) return [];
  const { id } = httpFile(view);
  return running.filter((task) => !hasConfiguration(task, id));
}

/** Whether the proxy goes by this configuration. */
export function hasConfiguration({ status }: Task, fileId: string): boolean {
  return status.files?.[`secrets/${HTTP_CONFIG}`] === fileId;
}
