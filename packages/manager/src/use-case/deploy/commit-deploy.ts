import type { DeployResult } from '@tessera/api';
import type { ClusterView } from '../../model/view.js';
import { type CommitContext, commitPlan } from '../commit.js';
import type { DeployPlan, ObjectOutcome } from './plan-deploy.js';

/** Plans a deploy and writes it, again while others write at the same time. @throws ApiError as `commitPlan` and the plan do. */
export async function commitDeploy(context: CommitContext, plan: (view: ClusterView) => DeployPlan): Promise<DeployResult> {
  const { store } = context;
  const done = new Map<string, ObjectOutcome>();
  const { result, revision } = await commitPlan(context, (view) => {
    const planned = plan(view);
    // A large deploy that lost a compare half-way plans again: what it has done before is not `unchanged`.
    for (const outcome of planned.outcomes)
      if (outcome.outcome !== 'unchanged' || !done.has(keyOf(outcome))) done.set(keyOf(outcome), outcome);
    return { units: planned.units, result: planned };
  });
  const stack = store.view.get('stacks', result.stack.id) ?? result.stack;
  return { stack, changes: [...done.values()], ...(stack.release !== undefined && { release: stack.release }), revision };
}

function keyOf({ kind, name }: ObjectOutcome): string {
  return `${kind}/${name}`;
}
