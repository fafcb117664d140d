import { compareStates, type TaskAssignment, type TaskReport, type TaskStatus } from '@tessera/api';

/** All that the agent keeps of one task, on disk. */
export interface TaskRecord {
  /** As the manager sent it; for a successor made here, the predecessor's with an id and restarts of its own. */
  assignment: TaskAssignment;
  status: TaskStatus;
  /** False once the desired set has it no more: it is stopped, removed and then forgotten. */
  wanted: boolean;
  /** The manager knows it: it was in a desired set under its own id. */
  known: boolean;
  successorOf?: string;
  /** Whether it gets a successor was settled; at most once for each task. */
  restartSettled: boolean;
  /** Why the agent ends it itself, such as `unhealthy: …`; kept so that the reason outlives a crash of the agent. */
  endReason?: string;
  /** Contents of its configs and secrets that its program has, by kind and name. */
  files?: Record<string, string>;
  /** When the program last took over new ones. */
  reloadedAt?: number;
  /** New contents that the program did not take over, and when to try again. */
  reloading?: { files: Record<string, string>; error: string; failures: number; retryAt: number };
  /** The last lines of its log, read once after it failed; empty when there are none. */
  lastWords?: string;
  /** It is to go, and runs on until then, or until a manager says that nobody sends it clients any more. */
  holdUntil?: number;
  /** The manager has stored its last status. */
  confirmed: boolean;
}

/** Longest text that a status may carry (see `TaskStatus`). */
const MAX_TEXT = 4096;

/** A task that has just been taken over. */
export function newRecord(assignment: TaskAssignment, now: number): TaskRecord {
  const status: TaskStatus = { state: 'accepted', at: now, message: 'accepted' };
  return { assignment, status, wanted: true, known: true, restartSettled: false, confirmed: false };
}

/** What is to be told of a task: the fields of a status without its time. */
export type StatusChange = Omit<TaskStatus, 'at'>;

/** Its container has ended: nobody has its addresses any more, so that clients go elsewhere before all else about the end is known. */
export function withoutAddresses({ state, message, addresses6 }: TaskStatus): StatusChange {
  return { state, message, addresses: {}, ...(addresses6 && { addresses6: {} }) };
}

/**
 * The status after `change`, or `undefined` when it says nothing new or would move back. What `change` leaves out stays as it was:
 * an ended task still tells its container and address.
 */
export function advance(status: TaskStatus, change: StatusChange, now: number): TaskStatus | undefined {
  const order = compareStates(change.state, status.state);
  if (order < 0) return undefined;
  const at = order === 0 ? status.at : now;
  const next: TaskStatus = { ...status, ...change, at, message: change.message.slice(0, MAX_TEXT) };
  if (change.error !== undefined) next.error = change.error.slice(0, MAX_TEXT);
  return sameStatus(status, next) ? undefined : next;
}

function sameStatus(a: TaskStatus, b: TaskStatus): boolean {
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]) as Set<keyof TaskStatus>;
  return [...keys].every((key) => (isMap(key) ? sameLabels(a[key], b[key]) : a[key] === b[key]));
}

function isMap(key: keyof TaskStatus): key is 'addresses' | 'addresses6' | 'files' {
  return key === 'addresses' || key === 'addresses6' || key === 'files';
}

function sameLabels(a: Readonly<Record<string, string>> = {}, b: Readonly<Record<string, string>> = {}): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** How the task is told to a manager; a successor that the manager may not know says whose place it took. */
export function reportOf({ assignment, status, successorOf, known }: TaskRecord): TaskReport {
  const { id: taskId, startAfter, restart } = assignment;
  if (known || successorOf === undefined) return { taskId, status };
  return { taskId, status, successorOf, ...(startAfter !== undefined && { startAfter }), ...(restart && { restart }) };
}
