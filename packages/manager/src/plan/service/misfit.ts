import { serviceRevisionId, type Task } from '@tessera/api';
import { fitsPlacement } from '../../schedule/fit.js';
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

/** Its node is being emptied. */
export function isDrained(draft: ServiceDraft, task: Task): boolean {
  return task.nodeId !== undefined && draft.view.get('nodes', task.nodeId)?.spec.availability === 'drain';
}

/**
 * Its node does not fulfil the constraints any more: those of its own revision while it is of an old template, since that
 * is what the scheduler places such tasks by.
 */
export function isMisplaced(draft: ServiceDraft, task: Task): boolean {
  const node = task.nodeId === undefined ? undefined : draft.view.get('nodes', task.nodeId);
  if (!node?.description) return false;
  const revision = isDirty(draft, task) ? draft.view.get('revisions', serviceRevisionId(task.serviceId, task.specRevision)) : undefined;
  return !fitsPlacement((revision ?? draft.service).spec.placement, node);
}

/** For one reason or another, the task is to be replaced by another one. */
export function isDueToGo(draft: ServiceDraft, task: Task): boolean {
  return isDirty(draft, task) || isDrained(draft, task) || isMisplaced(draft, task);
}
