import { createHash } from 'node:crypto';
import { ApiError, canonicalJson, type PlanResult, type StackSpec } from '@tessera/api';
import type { ClusterView } from '../../model/view.js';
import { previewDeploy } from '../../plan/deploy-preview.js';
import type { DeployPlan } from './plan-deploy.js';

/** What a deploy would do, and its hash: two plans with the same one do the same. */
export function planResult(view: ClusterView, plan: DeployPlan, spec: StackSpec, prune: boolean, now: number): PlanResult {
  const preview = previewDeploy(view, plan.units.flat(), now);
  // Ids of new objects are chance.
  const changes = plan.outcomes.map(({ id: _id, ...outcome }) => outcome);
  const hash = createHash('sha256').update(canonicalJson({ spec, prune, changes, ...preview }));
  return { changes: plan.outcomes, ...preview, hash: hash.digest('hex') };
}

/** @throws ApiError `plan-changed` when a deploy would now do something else than the plan of this hash, or of its beginning, said. */
export function refuseOtherPlan(result: PlanResult, expected: string): void {
  if (result.hash.startsWith(expected)) return;
  throw new ApiError('plan-changed', `the plan ${expected} does not hold any more: the deploy would do something else now`, {
    cure: 'see what: tsctl plan; then deploy with the hash that it prints',
  });
}
