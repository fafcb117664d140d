import { LABELS } from '@tessera/agent/model/labels';
import { LEAVE_LIMIT_MS } from '@tessera/manager/dispatcher/leaving/leave-gate';
import { isToldToGo } from '@tessera/manager/model/task';
import { short } from '../world/history.js';
import type { Invariant } from './invariant.js';

/** So long after the last fault its after-effects are over. */
const CALM_MS = 60_000;

/**
 * A task that was told to go gets its stop signal only when no node sends clients to it any more, whichever manager serves it, or the limit has
 * passed. Watched for nodes with a session, as long as nothing befalls the cluster: those are the ones that can be waited for.
 */
export const leavesAcknowledged: Invariant = {
  name: 'leaves-acknowledged',
  watch({ world, faults }, violated) {
    const toldAt = new Map<string, number>();
    return {
      onChange({ kind, id, object }) {
        if (kind !== 'tasks') return;
        if (!object) toldAt.delete(id);
        else if (isToldToGo(object) && !toldAt.has(id)) toldAt.set(id, world.clock.monotonic());
      },
      onStop(node, { labels }) {
        const taskId = labels[LABELS.task] ?? '';
        const told = toldAt.get(taskId);
        if (told === undefined || world.clock.monotonic() - told >= LEAVE_LIMIT_MS) return;
        if (faults.active > 0 || world.calmForMs() < CALM_MS) return;
        const sender = world.nodes.find((other) => other !== node && other.sendsTo(taskId) && node.isConnected && other.isConnected);
        if (sender)
          violated(
            `${labels[LABELS.serviceName]} ${short(taskId)} on ${node.id} is stopped, though ${sender.id} still sends clients to it`,
          );
      },
    };
  },
};
