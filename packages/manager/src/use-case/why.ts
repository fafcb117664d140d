import { ApiError, type WhyAnswer } from '@tessera/api';
import type { ClusterView } from '../model/view.js';
import type { Target } from '../plan/why/finding.js';
import { explain } from '../plan/why/index.js';
import type { UseCaseContext } from './context.js';
import { resolve } from './references.js';

type Kind = WhyAnswer['kind'];

/**
 * Why a service, task or node is as it is. Without a kind, services come first, then tasks, then nodes. A task is also named as
 * `shop_web.2`: the newest of its slot.
 * @throws ApiError `not-found` or `ambiguous`.
 */
export function why({ store: { view }, clock }: UseCaseContext, ref: string, kind: Kind | undefined): WhyAnswer {
  return explain(view, find(view, ref, kind), clock.now());
}

function find(view: ClusterView, ref: string, kind: Kind | undefined): Target {
  const kinds: readonly Kind[] = kind === undefined ? ['service', 'task', 'node'] : [kind];
  for (const [at, one] of kinds.entries()) {
    try {
      return targetOf(view, ref, one);
    } catch (error) {
      const isLast = at === kinds.length - 1;
      if (!(error instanceof ApiError) || error.code !== 'not-found') throw error;
      if (isLast && kind !== undefined) throw error;
    }
  }
  throw new ApiError('not-found', `no service, task or node has the name or id '${ref}'`, {
    cure: 'see what there is: tsctl services, tsctl ps -a, tsctl node ls',
  });
}

function targetOf(view: ClusterView, ref: string, kind: Kind): Target {
  if (kind === 'service') return { kind, object: resolve(view, 'services', ref) };
  if (kind === 'node') return { kind, object: resolve(view, 'nodes', ref) };
  const [, name = '', slot] = /^(.+)\.(\d+)$/.exec(ref) ?? [];
  const service = slot === undefined ? undefined : view.byName('services', name);
  const tasks = service ? [...view.tasksOfService(service.id)].filter((task) => task.slot === Number(slot)) : [];
  const newest = tasks.sort((a, b) => b.createdAt - a.createdAt)[0];
  return { kind, object: newest ?? resolve(view, 'tasks', ref) };
}
