import { HTTP_CONFIG, type HttpOverview, readsHttpConfig, type Task } from '@tessera/api';
import { byAge, isLive, isRunning } from '../model/task.js';
import type { ClusterView } from '../model/view.js';
import { httpFile } from '../plan/http/file.js';
import { type HttpRoute, httpRoutes } from '../plan/http/routes.js';
import type { UseCaseContext } from './context.js';

/** What is served by which service, and how far the proxies are with it. */
export function getHttp({ store: { view } }: UseCaseContext): HttpOverview {
  const { id } = httpFile(view);
  const proxies = [...view.all('services')].filter(({ spec }) => readsHttpConfig(spec.template));
  const tasks = proxies.flatMap((service) => [...view.tasksOfService(service.id)]).filter(isLive);
  return { routes: httpRoutes(view).map((route) => shown(view, route)), proxies: tasks.sort(byAge).map((task) => proxyOf(view, task, id)) };
}

function shown(view: ClusterView, route: HttpRoute): HttpOverview['routes'][number] {
  const { certificate: _, upstream, ...rest } = route;
  const problem = problemOf(view, route);
  return { ...rest, ...(upstream.kind !== 'none' && { port: upstream.port }), ...(problem !== undefined && { problem }) };
}

/** Why requests for it fail at the moment, in words. */
function problemOf(view: ClusterView, { tls, certificate, upstream, service }: HttpRoute): string | undefined {
  if (upstream.kind === 'none') return 'the service has no address yet';
  if (tls === 'given' && !certificate) return 'its certificate is not there';
  const object = view.byName('services', service);
  const isServed = object && [...view.tasksOfService(object.id)].some((task) => task.desired === 'running' && isRunning(task));
  return isServed ? undefined : 'no task of the service is ready';
}

function proxyOf(view: ClusterView, task: Task, fileId: string): HttpOverview['proxies'][number] {
  const node = task.nodeId === undefined ? undefined : view.get('nodes', task.nodeId)?.name;
  return {
    taskId: task.id,
    service: task.serviceName,
    ...(task.slot !== undefined && { slot: task.slot }),
    ...(node !== undefined && { node }),
    state: task.status.state,
    current: task.status.files?.[`secrets/${HTTP_CONFIG}`] === fileId,
    message: task.status.message,
  };
}
