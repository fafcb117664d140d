import { isTerminal } from '@tessera/api';
import type { TaskRecord } from '../model/task-record.js';

export interface RetentionLimits {
  /** Ended tasks of a slot whose containers stay for their logs. */
  perSlot: number;
  /** They stay no longer than this, in milliseconds. */
  maxAgeMs: number;
}

export interface RetentionPlan {
  /** Tasks whose ended containers and files go. */
  containers: string[];
  /** Tasks that the manager never heard of and need not: dropped, so that a long crash loop without a manager fills nothing. */
  collapse: string[];
}

/** Which ended tasks are kept: the youngest few of each slot. */
export function planRetention(records: Iterable<TaskRecord>, { perSlot, maxAgeMs }: RetentionLimits, now: number): RetentionPlan {
  const plan: RetentionPlan = { containers: [], collapse: [] };
  for (const ended of endedBySlot(records).values()) {
    ended.sort((a, b) => b.status.at - a.status.at);
    for (const [index, record] of ended.entries()) {
      const surplus = index >= perSlot;
      if (surplus || record.status.at <= now - maxAgeMs) plan.containers.push(record.assignment.id);
      if (surplus && !record.known && record.restartSettled) plan.collapse.push(record.assignment.id);
    }
  }
  return plan;
}

function endedBySlot(records: Iterable<TaskRecord>): Map<string, TaskRecord[]> {
  const slots = new Map<string, TaskRecord[]>();
  for (const record of records) {
    if (!isTerminal(record.status.state)) continue;
    const key = `${record.assignment.serviceId}.${record.assignment.slot ?? ''}`;
    const slot = slots.get(key) ?? [];
    slot.push(record);
    slots.set(key, slot);
  }
  return slots;
}
