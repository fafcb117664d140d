import type { Task } from '@tessera/api';
import { canMove, canWant } from '@tessera/manager/model/task';
import { short } from '../world/history.js';
import type { Invariant } from './invariant.js';

/** 3. Task states never move back, nor do desired states; a task stays on its node, and once deleted does not come back. */
export const statesMoveForward: Invariant = {
  name: 'states-move-forward',
  watch(_scene, violated) {
    const last = new Map<string, Task | 'deleted'>();
    return {
      onChange(change) {
        if (change.kind !== 'tasks') return;
        const problem = change.object ? problemOf(last.get(change.id), change.object) : undefined;
        if (problem) violated(`task ${short(change.id)} ${problem}`);
        last.set(change.id, change.object ?? 'deleted');
      },
    };
  },
};

function problemOf(before: Task | 'deleted' | undefined, after: Task): string | undefined {
  if (before === undefined) return undefined;
  if (before === 'deleted') return 'came back after it was deleted';
  const [from, to] = [before.status.state, after.status.state];
  if (from !== to && !canMove(from, to) && to !== 'orphaned') return `moved from ${from} back to ${to}`;
  if (before.desired !== after.desired && !canWant(before.desired, after.desired))
    return `was desired ${before.desired}, then ${after.desired}`;
  if (before.nodeId !== undefined && before.nodeId !== after.nodeId) return `moved from node ${before.nodeId} to ${after.nodeId}`;
  return undefined;
}
