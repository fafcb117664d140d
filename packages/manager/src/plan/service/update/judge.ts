import type { ServiceDraft, Slot } from '../draft.js';
import { isSlotDirty } from '../misfit.js';
import { describeFailures, failuresOf } from './failures.js';
import { rollBack } from './rollback.js';
import { activeConfig, concernsCurrent, finish, isRollback, isUnderWay, isUnfinished, setUpdate } from './status.js';

/**
 * Brings the update status to what the user and the slots say: begins an update, stops it when the user wants so, or when
 * too many new tasks failed or did not come up in time.
 * Comes before everything else, so that a pause or rollback holds for the very plan that found it out.
 * Jobs are not updated step by step: a new template runs them again.
 */
export function judgeUpdate(draft: ServiceDraft, slots: readonly Slot[]): void {
  if (!isJob(draft)) judgeSteps(draft, slots);
  // Looked at again: a rollback may just have made a job of it.
  if (isJob(draft)) endForJob(draft);
}

function judgeSteps(draft: ServiceDraft, slots: readonly Slot[]): void {
  if (!concernsCurrent(draft.view, draft.service) && !begin(draft, slots)) return;
  obeyUser(draft);
  if (isUnderWay(draft.service.update)) judgeFailures(draft, slots);
}

function isJob({ service }: ServiceDraft): boolean {
  return service.spec.mode.kind.endsWith('job');
}

/** The service has become a job, by a new spec or a rollback: there are no steps to take any more. */
function endForJob(draft: ServiceDraft): void {
  const { update } = draft.service;
  if (isRollback(update) && isUnfinished(update))
    finish(draft, 'rollback-completed', update!.message.replace(/^rolling back/, 'rolled back'));
  else if (isUnfinished(update)) finish(draft, 'completed', 'overtaken: the service is a job now');
}

/** Begins the update to the current template. Returns false when nothing has to be replaced. */
function begin(draft: ServiceDraft, slots: readonly Slot[]): boolean {
  const { update, updateControl, specRevision } = draft.service;
  if (!slots.some((slot) => isSlotDirty(draft, slot))) {
    if (isUnfinished(update)) finish(draft, 'completed', 'overtaken by a newer spec that needs no update');
    return false;
  }
  const back = updateControl?.rollback;
  setUpdate(draft, {
    state: back === undefined ? 'updating' : 'rollback-started',
    startedAt: draft.now,
    message: back === undefined ? 'update in progress' : `rolling back ${back}`,
    specRevision,
    ...(back !== undefined && { cause: 'user' as const }),
  });
  return true;
}

/** Pauses, resumes and promotes as the user says. What is asked for and done already is not done again. */
function obeyUser(draft: ServiceDraft): void {
  const { updateControl: control, update } = draft.service;
  if (!control || !update) return;
  if (control.resumes > (update.resumes ?? 0)) resume(draft, control.resumes);
  const { state } = draft.service.update!;
  if (control.paused && isUnderWay(draft.service.update)) pause(draft, 'user', `paused by ${control.by}`);
  else if (state === 'canary' && control.promoted)
    setUpdate(draft, { ...draft.service.update!, state: 'updating', message: 'canary promoted' });
}

function resume(draft: ServiceDraft, resumes: number): void {
  const { cause, ...update } = draft.service.update!;
  const resumed = { ...update, resumes, resumedAt: draft.now };
  if (update.state === 'paused') setUpdate(draft, { ...resumed, state: 'updating', message: 'update resumed' });
  else if (update.state === 'rollback-paused')
    setUpdate(draft, { ...resumed, state: 'rollback-started', message: 'rolling back, resumed' });
  else setUpdate(draft, { ...resumed, ...(cause !== undefined && { cause }) });
}

function judgeFailures(draft: ServiceDraft, slots: readonly Slot[]): void {
  const config = activeConfig(draft.service);
  const failures = failuresOf(draft, slots);
  const failed = failures.failed.size + failures.stuck.size;
  if (config.failureAction === 'continue' || failed === 0 || failed / slots.length <= config.maxFailureRatio) return;
  const message = describeFailures(draft, failures, slots.length);
  const cause = failures.failed.size > 0 ? 'failures' : 'deadline';
  const rollsBack = !isRollback(draft.service.update) && config.failureAction === 'rollback';
  if (!rollsBack || !rollBack(draft, cause, message)) pause(draft, cause, `paused: ${message}`);
}

function pause(draft: ServiceDraft, cause: 'failures' | 'deadline' | 'user', how: string): void {
  const update = draft.service.update!;
  if (isRollback(update)) setUpdate(draft, { ...update, state: 'rollback-paused', cause, message: `rollback ${how}` });
  else setUpdate(draft, { ...update, state: 'paused', cause, message: `update ${how}` });
}
