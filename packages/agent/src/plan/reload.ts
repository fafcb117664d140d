import type { TaskAssignment, TaskStatus } from '@tessera/api';
import type { ObservedContainer } from '../model/container.js';
import type { TaskRecord } from '../model/task-record.js';
import type { Step, TaskPlan } from './step.js';

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;
/** A program that has only just started may not be able to reload yet: one failure says nothing. */
const FAILURES_TOLD = 2;

/** Contents by `configs/<name>` and `secrets/<name>`. */
export type Files = Readonly<Record<string, string>>;

/** The contents that the task's program is to have. */
export function wantedFiles({ configIds, secretIds }: Pick<TaskAssignment, 'configIds' | 'secretIds'>): Record<string, string> {
  const named = (kind: string, ids: Readonly<Record<string, string>>) =>
    Object.entries(ids).map(([name, id]): [string, string] => [`${kind}/${name}`, id]);
  return Object.fromEntries([...named('configs', configIds), ...named('secrets', secretIds)].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whether both are the same contents. */
export function sameFiles(a: Files | undefined, b: Files | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/**
 * What it takes that a running program has the contents that it is to have. Empty when it has, when its service replaces tasks instead, and
 * while it waits to try again.
 */
export function planReload(record: TaskRecord, container: ObservedContainer, now: number): TaskPlan {
  const { assignment, reloading } = record;
  const wanted = wantedFiles(assignment);
  if (!assignment.template.reload || sameFiles(record.files, wanted)) return { steps: [] };
  if (sameFiles(reloading?.files, wanted) && (reloading?.retryAt ?? 0) > now) return { steps: [], wakeAt: reloading?.retryAt ?? now };
  const step: Step = { type: 'reload', containerId: container.id, files: wanted };
  return { steps: [step] };
}

/** What to remember of an attempt that failed: when to try again, at growing distances. */
export function afterFailedReload(record: TaskRecord, files: Files, error: string, now: number): Required<TaskRecord>['reloading'] {
  const failures = sameFiles(record.reloading?.files, files) ? (record.reloading?.failures ?? 0) + 1 : 1;
  const retryAt = now + Math.min(FIRST_RETRY_MS * 2 ** (failures - 1), LONGEST_RETRY_MS);
  return { files: { ...files }, error, failures, retryAt };
}

/** What a running task tells of its files. */
export function reloadFacts({ assignment, files, reloading, reloadedAt }: TaskRecord): Pick<TaskStatus, 'files' | 'filesError'> & {
  note: string;
} {
  if (!assignment.template.reload || !files) return { note: '' };
  const wanted = wantedFiles(assignment);
  const isLate = !sameFiles(files, wanted) && sameFiles(reloading?.files, wanted);
  const filesError = isLate && (reloading?.failures ?? 0) >= FAILURES_TOLD ? reloading?.error : undefined;
  const done = reloadedAt === undefined ? '' : `, files reloaded at ${new Date(reloadedAt).toISOString()}`;
  return {
    files,
    filesError: filesError ?? '',
    note: filesError === undefined ? done : `, its files could not be reloaded: ${filesError}`,
  };
}
