import { replicasOf } from '../../model/replicas.js';
import { isAssigned, isLive } from '../../model/task.js';
import type { ClusterView } from '../../model/view.js';
import type { Change, NewId, Plan } from '../plan.js';
import { ServiceDraft } from './draft.js';
import { planGlobal } from './global.js';
import { planJob } from './job/index.js';
import { forgetRemoved, isReleased, reapRevisions } from './reap.js';
import { planReplicated } from './replicated.js';
import { judgeUpdate } from './update/judge.js';

/**
 * What to do about a service and its tasks now. Planning on the plan's own result gives nothing.
 * @param serviceId also of a service that is gone: its tasks are removed, then its revisions
 */
export function planService(view: ClusterView, serviceId: string, now: number, newId: NewId): Plan {
  const service = view.get('services', serviceId);
  if (!service) return planRemoval(view, serviceId);
  const draft = new ServiceDraft(view, service, now, newId);
  forgetRemoved(draft);
  judgeUpdate(draft, draft.occupied);
  planMode(draft);
  reapRevisions(draft);
  return draft.plan();
}

/** Looks at the draft's spec, which a rollback may just have changed. */
function planMode(draft: ServiceDraft): void {
  const { mode } = draft.service.spec;
  switch (mode.kind) {
    case 'replicated':
      planReplicated(draft, replicasOf(draft.service));
      break;
    case 'global':
      planGlobal(draft);
      break;
    case 'replicated-job':
    case 'global-job':
      planJob(draft, mode);
  }
}

/** Tasks first; revisions stay until no task needs them, since agents are told what to stop from them, and no release. */
function planRemoval(view: ClusterView, serviceId: string): Plan {
  const changes: Change[] = [];
  let left = 0;
  for (const task of view.tasksOfService(serviceId)) {
    if (!isLive(task) || !isAssigned(task)) {
      changes.push({ type: 'delete', kind: 'tasks', id: task.id, expect: { revision: task.revision } });
      continue;
    }
    left++;
    if (task.desired !== 'remove')
      changes.push({ type: 'put', kind: 'tasks', object: { ...task, desired: 'remove' }, expect: { revision: task.revision } });
  }
  if (left > 0) return { changes };
  for (const { id, revision } of view.revisionsOfService(serviceId))
    if (!isReleased(view, id)) changes.push({ type: 'delete', kind: 'revisions', id, expect: { revision } });
  return { changes };
}
