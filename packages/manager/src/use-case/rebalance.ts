import type { RebalanceResult, Service } from '@tessera/api';
import type { ClusterView } from '../model/view.js';
import { obstacleTo, planMoves } from '../plan/rebalance/moves.js';
import { order } from '../plan/rebalance/rebalance.js';
import { commitPlan } from './commit.js';
import type { UseCaseContext } from './context.js';
import { resolve } from './references.js';

/**
 * Moves tasks of one service, or of all replicated ones, to where the scheduler would put them now, as far as that makes their
 * spread more even. With `dryRun` it only says which. Looks at every task of the cluster.
 * @throws ApiError `not-found` or `ambiguous`.
 */
export async function rebalance(
  context: UseCaseContext,
  { service, max, dryRun }: { service?: string; max: number; dryRun: boolean },
): Promise<RebalanceResult> {
  const now = context.clock.now();
  const { result } = await commitPlan(context, (view) => {
    const services = chosen(view, service);
    const moves = planMoves(view, services, now, max);
    return {
      units: dryRun ? [] : moves.map((move) => [order(view, move, now)]),
      result: {
        moves: moves.map(({ task, from, to }) => ({
          taskId: task.id,
          service: task.serviceName,
          ...(task.slot !== undefined && { slot: task.slot }),
          from: from.name,
          to: to.name,
        })),
        skipped: services.flatMap((each) => {
          const reason = obstacleTo(view, each);
          return reason === undefined ? [] : [{ service: each.spec.name, reason }];
        }),
      },
    };
  });
  return result;
}

function chosen(view: ClusterView, ref: string | undefined): Service[] {
  if (ref !== undefined) return [resolve(view, 'services', ref)];
  const replicated = [...view.all('services')].filter(({ spec }) => spec.mode.kind === 'replicated');
  return replicated.sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
}
