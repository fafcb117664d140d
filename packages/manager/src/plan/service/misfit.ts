import { type Node, type Placement, serviceRevisionId, type Task } from '@tessera/api';
import { isOnMove } from '../../model/task.js';
import { fitsPlacement } from '../../schedule/fit.js';
import { mustLeave } from '../../schedule/taints.js';
import { dependencyUpdatedAt, isOutrunBy } from './dependencies.js';
import type { ServiceDraft, Slot } from './draft.js';

/** Made from another template than the current one. */
export function isDirty(draft: ServiceDraft, task: Task): boolean {
  return task.templateHash !== draft.service.templateHash;
}

/** The slot still has to be brought to the current template. */
export function isSlotDirty(draft: ServiceDraft, slot: Slot): boolean {
  const { wanted, newest } = slot;
  if (wanted.length > 0) return wanted.some((task) => isDirty(draft, task));
  return newest !== undefined && isDirty(draft, newest);
}

/** It must leave its node: that is being emptied, of all tasks or by a `no-execute` taint that it does not tolerate; or it moves for a better spread. */
export function isDrained(draft: ServiceDraft, task: Task): boolean {
  const node = nodeOf(draft, task);
  return isOnMove(task) || (node !== undefined && mustLeave(node, placementOf(draft, task)));
}

/** Its node does not fulfil the constraints any more. */
export function isMisplaced(draft: ServiceDraft, task: Task): boolean {
  const node = nodeOf(draft, task);
  return node?.description !== undefined && !fitsPlacement(placementOf(draft, task), node);
}

function nodeOf(draft: ServiceDraft, task: Task): Node | undefined {
  return task.nodeId === undefined ? undefined : draft.view.get('nodes', task.nodeId);
}

/** Of its own revision while it is of an old template, since that is what the scheduler places such tasks by. */
function placementOf(draft: ServiceDraft, task: Task): Placement {
  const revision = isDirty(draft, task) ? draft.view.get('revisions', serviceRevisionId(task.serviceId, task.specRevision)) : undefined;
  return (revision ?? draft.service).spec.placement;
}

/** A service on which its own depends with `restart: true` was updated since it started. */
export function isOutrun(draft: ServiceDraft, task: Task): boolean {
  return isOutrunBy(dependencyUpdatedAt(draft.view, draft.service), task, draft.service);
}

/** For one reason or another, the task is to be replaced by another one. */
export function isDueToGo(draft: ServiceDraft, task: Task): boolean {
  return isDirty(draft, task) || isDrained(draft, task) || isMisplaced(draft, task) || isOutrun(draft, task);
}
