import { ApiError, type DeployResult, type Release, type ReleaseDetail, releaseId, type Service, type Stack } from '@tessera/api';
import { newId } from '@tessera/kit';
import type { ClusterView } from '../model/view.js';
import { formerRelease, rolledBack } from '../plan/release.js';
import { formerRevision } from '../plan/service/update/rollback.js';
import { type CommitContext, commitPlan, type Unit } from './commit.js';
import type { UseCaseContext } from './context.js';
import { commitDeploy } from './deploy/commit-deploy.js';
import { type DeployPlan, planDeploy } from './deploy/plan-deploy.js';
import { newRelease, type ReleaseNote, servicesOfRelease, specOfRelease } from './deploy/release.js';
import { fileMaking } from './files.js';
import { resolve } from './references.js';
import { changeService } from './service-change.js';

/** The newest first. @throws ApiError `not-found` or `ambiguous`. */
export function listReleases({ store: { view } }: UseCaseContext, ref: string): Release[] {
  const stack = resolve(view, 'stacks', ref);
  return [...view.releasesOfStack(stack.id)].sort((a, b) => b.number - a.number);
}

/** @throws ApiError `not-found` or `ambiguous`. */
export function getRelease({ store: { view } }: UseCaseContext, ref: string, number: number): ReleaseDetail {
  const release = requireRelease(view, resolve(view, 'stacks', ref), number);
  return { release, services: servicesOfRelease(view, release) };
}

/**
 * Makes an earlier release current again, as a new one. All of the stack goes back: what came later is removed.
 * @throws ApiError `not-found`, `ambiguous`, `conflict` when there is nothing to go back to; and as `planDeploy` and `commitPlan` do.
 */
export function rollbackStack(
  context: UseCaseContext,
  ref: string,
  { release: number, message }: { release?: number; message?: string },
  author: string,
): Promise<DeployResult> {
  return commitDeploy(context, (view) => {
    const stack = resolve(view, 'stacks', ref);
    const to = number === undefined ? formerRelease(view, stack) : requireRelease(view, stack, number);
    if (!to)
      throw new ApiError('conflict', `no release of stack '${stack.name}' before the current one was completed`, {
        cure: `name one: tsctl history ${stack.name}`,
      });
    return planRestore(context, view, to, { author, ...(message !== undefined && { message }), atomic: false }, `by ${author}`);
  });
}

/** Makes the last good release current again since an atomic one failed: for the release controller, in one txn where it fits. */
export async function restoreRelease(context: CommitContext, failed: Release, why: string): Promise<void> {
  await commitDeploy(context, (view) => {
    const stack = view.get('stacks', failed.stackId);
    const to = stack && formerRelease(view, stack);
    const current = view.get('releases', failed.id);
    if (!to || !current || stack.release !== failed.number) throw new ApiError('conflict', `stack '${failed.stack}' was deployed anew`);
    const note = { author: 'tessera', message: `release ${failed.number} failed: ${why}`.slice(0, 1024), atomic: false };
    const plan = planRestore(context, view, to, note, why);
    const object = rolledBack(current, to, plan.release?.number ?? to.number, why, context.clock.now());
    // In one txn with the stack, which is written last: whoever leads then knows that the rest is done.
    const outcome: Unit = [{ type: 'put', kind: 'releases', object, expect: { revision: current.revision } }];
    return { ...plan, units: [...plan.units.slice(0, -1), [...(plan.units.at(-1) ?? []), ...outcome]] };
  });
}

function planRestore(context: CommitContext, view: ClusterView, to: Release, note: Omit<ReleaseNote, 'restores'>, why: string): DeployPlan {
  return planDeploy(view, to.stack, specOfRelease(view, to), {
    prune: true,
    ...fileMaking(context),
    note: { ...note, restores: to.number },
    back: { rollback: `to release ${to.number}: ${why}`.slice(0, 1024), by: note.author },
  });
}

/**
 * Gives one service its spec of an earlier release of its stack, as a new release; of a service without a stack, of an earlier
 * revision. Without a number: the newest other template before.
 * @throws ApiError `not-found`, `ambiguous`, or `conflict` when there is nothing to go back to.
 */
export async function rollbackService(context: UseCaseContext, ref: string, number: number | undefined, author: string): Promise<Service> {
  const { clock, random, store } = context;
  const { result } = await commitPlan(context, (view) => {
    const service = resolve(view, 'services', ref);
    const stack = service.spec.stack === undefined ? undefined : view.byName('stacks', service.spec.stack);
    const former = number === undefined ? formerRevision(view, service) : revisionOf(view, service, stack, number);
    if (!former) throw new ApiError('conflict', `no former spec of service '${service.spec.name}' is left to go back to`);
    const back = { rollback: `to revision ${former.specRevision}: by ${author}`, by: author };
    const change = changeService(former.spec, service.ports, service, { now: clock.now(), newId: () => newId(random) }, back);
    if (!stack || change.unit.length === 0) return { units: [change.unit], result: change.service };
    return { units: [change.unit, releaseOf(view, stack, change.service, author, clock.now())], result: change.service };
  });
  return store.view.get('services', result.id) ?? result;
}

function revisionOf(view: ClusterView, service: Service, stack: Stack | undefined, number: number) {
  const { id, spec } = service;
  const specRevision = stack
    ? requireRelease(view, stack, number).services.find((one) => one.serviceId === id || one.name === spec.name)
    : { serviceId: id, specRevision: number };
  const revision = specRevision && view.get('revisions', `${specRevision.serviceId}r${specRevision.specRevision}`);
  if (revision) return revision;
  throw new ApiError(
    'not-found',
    stack ? `release ${number} has no service '${spec.name}'` : `service '${spec.name}' has no revision ${number}`,
  );
}

/** The stack's current release with another spec of one service. */
function releaseOf(view: ClusterView, stack: Stack, service: Service, author: string, now: number) {
  const current = view.get('releases', releaseId(stack.id, stack.release ?? 0));
  const number = (stack.release ?? 0) + 1;
  const services = [...view.servicesOfStack(stack.name)].map(({ id, spec, specRevision }) => ({
    name: spec.name,
    serviceId: id,
    specRevision: id === service.id ? service.specRevision : specRevision,
  }));
  const held = { services, networks: current?.networks ?? [], files: current?.files ?? [] };
  const note = { author, message: `${service.spec.name}: ${service.updateControl?.rollback ?? 'rolled back'}`, atomic: false };
  return [
    { type: 'put' as const, kind: 'releases' as const, object: newRelease(stack, number, held, note, now), expect: 'absent' as const },
    { type: 'put' as const, kind: 'stacks' as const, object: { ...stack, release: number }, expect: { revision: stack.revision } },
  ];
}

/** @throws ApiError `not-found` with the numbers that there are. */
function requireRelease(view: ClusterView, stack: Stack, number: number): Release {
  const release = view.get('releases', releaseId(stack.id, number));
  if (release) return release;
  const numbers = [...view.releasesOfStack(stack.id)].map((one) => one.number).sort((a, b) => a - b);
  throw new ApiError('not-found', `stack '${stack.name}' has no release ${number}`, {
    cure: numbers.length === 0 ? 'deploy it first' : `there are ${numbers.join(', ')}: tsctl history ${stack.name}`,
  });
}
