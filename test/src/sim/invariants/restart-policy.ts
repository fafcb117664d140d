import { serviceRevisionId, type Task } from '@tessera/api';
import { isToldToGo, slotKey } from '@tessera/manager/model/task';
import type { ClusterView } from '@tessera/manager/model/view';
import { short } from '../world/history.js';
import type { Invariant } from './invariant.js';

/** What ended by itself is restarted as its policy says: not where it says never, and not more often than it says. */
export const restartPolicy: Invariant = {
  name: 'restart-policy',
  watch({ world }, violated) {
    /** Restarts by slot and spec. */
    const restarts = new Map<string, Set<string>>();
    return {
      onChange({ kind, id, object }) {
        // One that an agent made while it was cut off, and that is told to go once it is heard of, took nobody's attempt.
        if (kind !== 'tasks' || !object?.restart || isToldToGo(object)) return;
        const slot = `${object.serviceId}/${slotKey(object)}/${object.specRevision}`;
        const made = (restarts.get(slot) ?? new Set()).add(id);
        restarts.set(slot, made);
        const problem = problemOf(world.view, object, made.size);
        if (problem) violated(`${object.serviceName} ${short(id)} is restart ${made.size} of its slot, ${problem}`);
      },
    };
  },
};

function problemOf(view: ClusterView, { serviceId, specRevision }: Task, count: number): string | undefined {
  const revision = view.get('revisions', serviceRevisionId(serviceId, specRevision));
  if (!revision) return undefined;
  const { condition, maxAttempts, windowMs } = revision.spec.template.restart;
  if (condition === 'none') return 'and its policy has none';
  return maxAttempts > 0 && windowMs === 0 && count > maxAttempts ? `and its policy has ${maxAttempts} at most` : undefined;
}
