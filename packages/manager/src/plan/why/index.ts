import type { WhyAnswer } from '@tessera/api';
import type { ClusterView } from '../../model/view.js';
import { Asking } from './asking.js';
import { gather, type Target, taskName } from './finding.js';
import { explainNode } from './node.js';
import { explainService } from './service.js';
import { explainTaskState } from './task.js';

/**
 * Why a service, task or node is as it is: for all that does not run, or not where it should, the reason and the cure. From the
 * same facts and functions that the planners and the scheduler decide by. Pure.
 */
export function explain(view: ClusterView, { kind, object }: Target, now: number): WhyAnswer {
  const asking = new Asking(view, now);
  if (kind === 'task') {
    const { status, desired } = object;
    const found = explainTaskState(asking, object);
    return { kind, id: object.id, name: taskName(object), summary: `${status.state}, wanted ${desired}`, findings: found ? [found] : [] };
  }
  const { summary, findings } = kind === 'node' ? explainNode(asking, object) : explainService(asking, object);
  return { kind, id: object.id, name: kind === 'node' ? object.name : object.spec.name, summary, findings: gather(findings) };
}
