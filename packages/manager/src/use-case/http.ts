import { ApiError, certificateId, type HostCertificate, type HttpOverview, type Task } from '@tessera/api';
import { byAge, isLive, isRunning } from '../model/task.js';
import type { ClusterView } from '../model/view.js';
import { acmeHosts, certificateOf } from '../plan/http/acme.js';
import { Certification, planCertificate } from '../plan/http/certificates.js';
import { httpFile } from '../plan/http/file.js';
import { hasConfiguration, proxyTasks } from '../plan/http/proxies.js';
import { type HttpRoute, httpRoutes } from '../plan/http/routes.js';
import { commitPlan } from './commit.js';
import type { UseCaseContext } from './context.js';

type Shown = HttpOverview['routes'][number];

/** What is served by which service, and how far the proxies are with it. */
export function getHttp({ store: { view }, clock }: UseCaseContext): HttpOverview {
  const { id } = httpFile(view);
  const certification = new Certification(view);
  const routes = httpRoutes(view).map((route) => shown(certification, route, clock.now()));
  const tasks = proxyTasks(view).filter(isLive).sort(byAge);
  return { routes, proxies: tasks.map((task) => proxyOf(view, task, id)) };
}

/** @throws ApiError `not-found` when no authority certifies the host. */
export async function renewCertificate(context: UseCaseContext, host: string): Promise<HostCertificate> {
  const { clock, store } = context;
  const { result } = await commitPlan(context, (view) => {
    if (!acmeHosts(view).includes(host))
      throw new ApiError('not-found', `no service serves '${host}' with a certificate of an authority`, {
        cure: 'see tsctl http status: such hosts have tls: auto',
      });
    const now = clock.now();
    const before = certificateOf(view, host);
    const object = { ...(before ?? { id: certificateId(host), revision: 0, createdAt: now, updatedAt: now, host }), askedAt: now };
    return {
      units: [[{ type: 'put', kind: 'certificates', object, expect: before ? { revision: before.revision } : 'absent' }]],
      result: object,
    };
  });
  return store.view.get('certificates', result.id) ?? result;
}

function shown(certification: Certification, route: HttpRoute, now: number): Shown {
  const { certificate: _, issuer, upstream, ...rest } = route;
  const certificate = issuer === 'acme' ? certificateShown(certification, route.host, now) : undefined;
  const problem = problemOf(certification.view, route, certificate, now);
  return {
    ...rest,
    ...(upstream.kind !== 'none' && { port: upstream.port }),
    ...(certificate && { certificate }),
    ...(problem !== undefined && { problem }),
  };
}

function certificateShown(certification: Certification, host: string, now: number): NonNullable<Shown['certificate']> {
  const { issued, failure } = certificateOf(certification.view, host) ?? {};
  const plan = planCertificate(certification, host, now);
  const why = plan.step === 'wait' ? plan.why : plan.step === 'order' ? (failure?.error ?? 'the authority is being asked') : undefined;
  return { ...(issued && { notAfter: issued.notAfter }), ...(why !== undefined && { problem: why }) };
}

/** Why requests for it fail at the moment, in words. */
function problemOf(view: ClusterView, route: HttpRoute, acme: Shown['certificate'], now: number): string | undefined {
  const { issuer, certificate, upstream, service } = route;
  if (upstream.kind === 'none') return 'the service has no address yet';
  if (issuer === 'user' && !certificate) return 'its certificate is not there';
  if (acme && (acme.notAfter ?? 0) <= now) return `no certificate${acme.notAfter === undefined ? ' yet' : ' that holds'}: ${acme.problem}`;
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
    current: hasConfiguration(task, fileId),
    message: task.status.message,
  };
}
