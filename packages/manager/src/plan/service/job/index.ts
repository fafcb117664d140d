import { DEFAULT_JOB_HISTORY } from '@tessera/api';
import type { ServiceDraft } from '../draft.js';
import { removeSlot } from '../reap.js';
import { finish, isRollback, isUnfinished } from '../update/status.js';
import { cancelled, changeRun, isOpen, jobOf, setJob } from './job-status.js';
import { type JobMode, planRun } from './run.js';
import { startDueRuns } from './start.js';

/**
 * Runs of a job: begins those that are due, carries on with those under way, and notes how they ended. A run has its own
 * slots and is made from one revision from its first task to its last, so that nothing that comes later touches it.
 */
export function planJob(draft: ServiceDraft, mode: JobMode): void {
  endUpdate(draft);
  stopRuns(draft);
  clearSlots(draft);
  planRunsAfter(draft, 0, mode);
  // What has just ended may make room for the next run, which may end at once when it has nothing to do.
  for (let last = -1; last !== jobOf(draft.service).lastRun; ) {
    last = jobOf(draft.service).lastRun;
    startDueRuns(draft);
    clearSlots(draft);
    planRunsAfter(draft, last, mode);
  }
  forgetRuns(draft);
  clearSlots(draft);
}

function planRunsAfter(draft: ServiceDraft, number: number, mode: JobMode): void {
  for (const run of jobOf(draft.service).runs) if (run.number > number && isOpen(draft.service, run)) planRun(draft, run, mode);
}

/** Jobs are run, not updated: what is left of the update of a service that became one, or was rolled back to one, is over. */
function endUpdate(draft: ServiceDraft): void {
  const { update } = draft.service;
  if (!update || !isUnfinished(update)) return;
  finish(draft, isRollback(update) ? 'rollback-completed' : 'completed', update.message.replace(/^rolling back/, 'rolled back'));
}

/** Ends the runs that the user wants stopped. */
function stopRuns(draft: ServiceDraft): void {
  const { jobControl } = draft.service;
  for (const run of jobOf(draft.service).runs)
    if (run.state === 'running' && run.number <= (jobControl?.stopped ?? 0))
      changeRun(draft, run.number, cancelled(draft, 'stopped by a user'));
}

/** Forgets the oldest ended runs beyond the history. What is under way does not count: else a run beside long ones would be forgotten as it ends. */
function forgetRuns(draft: ServiceDraft): void {
  const job = jobOf(draft.service);
  const kept = draft.service.spec.schedule?.history ?? DEFAULT_JOB_HISTORY;
  const ended = job.runs.filter((run) => run.state !== 'running');
  const gone = new Set(ended.slice(0, Math.max(0, ended.length - kept)));
  if (gone.size > 0) setJob(draft, { ...job, runs: job.runs.filter((run) => !gone.has(run)) });
}

/** Tasks of runs that are forgotten, or of a time when this was no job, go; those of runs that are over stop. */
function clearSlots(draft: ServiceDraft): void {
  const runs = new Map(jobOf(draft.service).runs.map((run) => [run.number, run]));
  for (const slot of [...draft.slots.values()]) {
    const run = slot.run === undefined ? undefined : runs.get(slot.run);
    if (!run) removeSlot(draft, slot);
    else if (run.state !== 'running') for (const task of slot.wanted) draft.want(slot, task, 'shutdown');
  }
}
