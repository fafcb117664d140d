import { type Service, serviceRevisionId, type UpdateConfig, type UpdateStatus } from '@tessera/api';
import type { ClusterView } from '../../../model/view.js';
import type { ServiceDraft } from '../draft.js';

/** The update settings that hold: those for a rollback while one runs. */
export function activeConfig(service: Service): UpdateConfig {
  return isRollback(service.update) ? service.spec.rollback : service.spec.update;
}

/** Whether the update of the current spec stands still until the user acts. */
export function isPaused(view: ClusterView, service: Service): boolean {
  return concernsCurrent(view, service) && isPauseOf(service.update);
}

/**
 * Whether slots that the update has not reached come back as they were: it is paused, or a canary that is not promoted
 * yet, whose share must not grow by accidents.
 */
export function isHeld(view: ClusterView, service: Service): boolean {
  return concernsCurrent(view, service) && (isPauseOf(service.update) || isCanary(service));
}

/** The update goes as far as the canary's share and no further. */
export function isCanary(service: Service): boolean {
  const { spec, update, updateControl } = service;
  return spec.canary !== undefined && isUnderWay(update) && !isRollback(update) && updateControl?.promoted !== true;
}

/** The status belongs to the current template: a change of scale or labels does not wake a paused update. */
export function concernsCurrent(view: ClusterView, service: Service): boolean {
  const revision = service.update?.specRevision;
  if (revision === undefined) return false;
  if (revision === service.specRevision) return true;
  return view.get('revisions', serviceRevisionId(service.id, revision))?.templateHash === service.templateHash;
}

export function isRollback(update: UpdateStatus | undefined): boolean {
  return update?.state.startsWith('rollback') ?? false;
}

/** Something may still be replaced or judged. */
export function isUnderWay(update: UpdateStatus | undefined): boolean {
  return update?.state === 'updating' || update?.state === 'canary' || update?.state === 'rollback-started';
}

export function isUnfinished(update: UpdateStatus | undefined): boolean {
  return update !== undefined && update.completedAt === undefined;
}

export function finish(draft: ServiceDraft, state: 'completed' | 'rollback-completed', message: string): void {
  setUpdate(draft, { ...draft.service.update!, state, completedAt: draft.now, message });
}

export function setUpdate(draft: ServiceDraft, update: UpdateStatus): void {
  draft.service = { ...draft.service, update };
}

function isPauseOf(update: UpdateStatus | undefined): boolean {
  return update?.state === 'paused' || update?.state === 'rollback-paused';
}
