import { isDeepStrictEqual } from 'node:util';
import type { DesiredState, Task, TaskReport, TaskStatus } from '@tessera/api';
import { canMove, isAssigned, isToldToGo, isWanted } from '../../model/task.js';

/** Why a report is not taken over. */
export type Refusal = 'unknown-task' | 'other-node' | 'not-assigned' | 'goes-back';

/** The task with its new status; `undefined` when that is what is stored; a refusal when it may not be. States only move forward. */
export function withStatus(task: Task | undefined, nodeId: string, status: TaskStatus): Task | undefined | Refusal {
  if (!task) return 'unknown-task';
  if (task.nodeId !== nodeId) return 'other-node';
  if (!isAssigned(task)) return 'not-assigned';
  if (status.state !== task.status.state && !canMove(task.status.state, status.state)) return 'goes-back';
  if (isDeepStrictEqual(task.status, status)) return undefined;
  return { ...task, status };
}

/** The task that an agent started by itself in place of one that ended: the same in all but its id, age and status. */
export function successorOf(predecessor: Task, report: TaskReport, slotIsTaken: boolean, nowMs: number): Task {
  const desired: DesiredState = slotIsTaken || isToldToGo(predecessor) ? 'shutdown' : predecessor.desired;
  const { startAfter: _, restart: __, ...inherited } = predecessor;
  return {
    ...inherited,
    id: report.taskId,
    revision: 0,
    // Strictly younger than its predecessor, whatever this machine's clock says: age decides who has the slot.
    createdAt: Math.max(nowMs, predecessor.createdAt + 1),
    desired,
    ...(report.startAfter !== undefined && { startAfter: report.startAfter }),
    ...(report.restart !== undefined && { restart: report.restart }),
    status: report.status,
  };
}

/** The status of a task that was succeeded though its agent did not say how it ended. */
export function endedUnseen(task: Task, nowMs: number): TaskStatus {
  return { ...task.status, state: 'failed', at: nowMs, message: 'ended and was restarted by its agent', finishedAt: nowMs };
}

/** A live task of the slot, other than these two, that is wanted: the slot is given away. */
export function takesSlot(other: Task, predecessorId: string, successorId: string): boolean {
  if (other.id === predecessorId || other.id === successorId) return false;
  return isWanted(other);
}
