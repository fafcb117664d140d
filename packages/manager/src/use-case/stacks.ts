import {
  ApiError,
  type DeployResult,
  type PlanResult,
  type Stack,
  type StackDetail,
  type StackSpec,
  type StackSummary,
} from '@tessera/api';
import { nearest } from '@tessera/api/compose/suggest';
import type { ClusterView } from '../model/view.js';
import { serviceProgress } from '../plan/progress.js';
import { commitPlan, type Unit } from './commit.js';
import type { UseCaseContext } from './context.js';
import { commitDeploy } from './deploy/commit-deploy.js';
import { ownedBy, refuseUsedElsewhere, STACK_KINDS } from './deploy/ownership.js';
import { planDeploy } from './deploy/plan-deploy.js';
import { planResult, refuseOtherPlan } from './deploy/plan-hash.js';
import type { ResolveMode } from './deploy/resolve-images.js';
import { fileMaking } from './files.js';
import { pinImages } from './image-digest.js';
import { resolve } from './references.js';

export function listStacks({ store: { view }, clock }: UseCaseContext): StackSummary[] {
  const summaries = [...view.all('stacks')].map((stack) => summarise(view, stack, clock.now()));
  return summaries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @throws ApiError `not-found` or `ambiguous`. */
export function getStack({ store: { view }, clock }: UseCaseContext, ref: string): StackDetail {
  const stack = resolve(view, 'stacks', ref);
  const services = [...view.servicesOfStack(stack.name)].sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  return { stack, services, progress: services.map((service) => serviceProgress(view, service, clock.now())) };
}

export interface DeployRequest {
  prune: boolean;
  /** A service that fails takes the whole stack back to the last good release. */
  atomic?: boolean;
  message?: string;
  /** Which images are pinned to their digests; absent: none. */
  resolve?: ResolveMode;
  /** Hash of the plan that the deploy must still agree with. */
  plan?: string;
  /** Who asks, as the certificate says. */
  author?: string;
}

/** Makes the stack as the spec says. @throws ApiError as `planDeploy` and `commitPlan` do. */
export async function deployStack(context: UseCaseContext, name: string, asked: StackSpec, request: DeployRequest): Promise<DeployResult> {
  const { prune, atomic = false, author = '', message, plan: expected, resolve = 'never' } = request;
  const note = { atomic, author, ...(message !== undefined && { message }) };
  const { services, warnings } = await pinImages(context, asked.services, resolve);
  const spec = { ...asked, services };
  const result = await commitDeploy(context, (view) => {
    const making = fileMaking(context);
    const plan = planDeploy(view, name, spec, { prune, note, ...making });
    if (expected !== undefined) refuseOtherPlan(planResult(view, plan, spec, prune, making.now), expected);
    return plan;
  });
  return warnings.length === 0 ? result : { ...result, warnings };
}

/** What a deploy would do to objects and tasks. Writes nothing. */
export async function planStack(
  context: UseCaseContext,
  name: string,
  asked: StackSpec,
  { prune, resolve = 'never' }: { prune: boolean; resolve?: ResolveMode },
): Promise<PlanResult> {
  const { view } = context.store;
  const { services, warnings } = await pinImages(context, asked.services, resolve);
  const spec = { ...asked, services };
  const note = { author: '', atomic: false };
  const making = fileMaking(context);
  const plan = planDeploy(view, name, spec, { prune, note, ...making });
  const result = planResult(view, plan, spec, prune, making.now);
  return warnings.length === 0 ? result : { ...result, warnings };
}

/**
 * Removes the stack and all that carries its name.
 * @throws ApiError `not-found` when nothing does; `in-use` when others need a part of it.
 */
export async function removeStack(context: UseCaseContext, ref: string): Promise<{ removed: string[] }> {
  const { result } = await commitPlan(context, (view) => {
    const stack = view.byName('stacks', ref) ?? view.get('stacks', ref);
    const name = stack?.name ?? ref;
    const owned = [...STACK_KINDS].reverse().flatMap((kind) => ownedBy(view, kind, name));
    if (!stack && owned.length === 0) throw notFound(view, ref);
    refuseUsedElsewhere(view, owned, name);
    const units: Unit[] = owned.map(({ kind, id, revision }) => [{ type: 'delete', kind, id, expect: { revision } }]);
    if (stack) units.push([{ type: 'delete', kind: 'stacks', id: stack.id, expect: { revision: stack.revision } }]);
    return { units, result: { removed: owned.map((item) => `${item.kind}/${item.name}`) } };
  });
  return result;
}

function summarise(view: ClusterView, stack: Stack, now: number): StackSummary {
  const progress = [...view.servicesOfStack(stack.name)].map((service) => serviceProgress(view, service, now));
  return {
    name: stack.name,
    services: progress.length,
    tasksRunning: progress.reduce((sum, service) => sum + service.running, 0),
    tasksDesired: progress.reduce((sum, service) => sum + service.desired, 0),
    converged: progress.every((service) => service.converged),
    updatedAt: stack.updatedAt,
  };
}

function notFound(view: ClusterView, ref: string): ApiError {
  const near = nearest(
    ref,
    [...view.all('stacks')].map((stack) => stack.name),
  );
  return new ApiError('not-found', `no stack has the name or id '${ref}'`, {
    ...(near !== undefined && { cure: `did you mean '${near}'?` }),
  });
}
