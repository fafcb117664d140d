import type { ObservedContainer } from '../model/container.js';
import type { StatusChange, TaskRecord } from '../model/task-record.js';

const SIGNAL_BASE = 128;
const SIGKILL = 9;
const MEBIBYTE = 1024 * 1024;

/** The last status of a task whose container has ended: by order, by the agent's own judgement, or by itself. */
export function ending({ assignment, endReason, lastWords = '' }: TaskRecord, container: ObservedContainer): StatusChange {
  const facts = endFacts(container);
  if (assignment.desired === 'shutdown' || assignment.desired === 'remove') return { ...facts, state: 'shutdown', message: 'stopped' };
  // The kernel may have killed a child for lack of memory: whether that was a failure is the program's to say, by its exit code.
  if (endReason === undefined && container.exitCode === 0 && !container.error) return { ...facts, state: 'complete', message: 'completed' };
  const cause = endReason ?? causeOfDeath(container);
  return { ...facts, state: 'failed', message: 'failed', error: lastWords === '' ? cause : `${cause}: ${lastWords}` };
}

function endFacts({ id, exitCode, oomKilled, startedAt, finishedAt }: ObservedContainer) {
  return {
    containerId: id,
    ...(exitCode !== undefined && { exitCode }),
    ...(oomKilled && { oomKilled }),
    ...(startedAt !== undefined && { startedAt }),
    ...(finishedAt !== undefined && { finishedAt }),
  };
}

function causeOfDeath({ exitCode = -1, oomKilled, error, memoryLimitBytes }: ObservedContainer): string {
  if (oomKilled) {
    return memoryLimitBytes > 0
      ? `out of memory: killed at its limit of ${Math.round(memoryLimitBytes / MEBIBYTE)} MiB`
      : 'out of memory: killed, since the host ran out (it has no memory limit of its own)';
  }
  if (error) return `exit code ${exitCode}: ${error}`;
  if (exitCode === SIGNAL_BASE + SIGKILL) {
    // Docker 20.10 was seen not to say of a container in cgroup v2 that it was out of memory.
    const limit = memoryLimitBytes > 0 ? `; for lack of memory? Its limit is ${Math.round(memoryLimitBytes / MEBIBYTE)} MiB` : '';
    return `exit code ${exitCode} (killed by signal 9, not by Tessera${limit})`;
  }
  if (exitCode > SIGNAL_BASE && exitCode < SIGNAL_BASE + 65) return `exit code ${exitCode} (ended by signal ${exitCode - SIGNAL_BASE})`;
  return `exit code ${exitCode}`;
}
