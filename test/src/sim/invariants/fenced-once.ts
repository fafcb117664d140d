import { LABELS } from '@tessera/agent/model/labels';
import type { Invariant } from './invariant.js';

/** An agent that was away, or an engine that did not answer, has so long to make up for it: what fencing promises presupposes both. */
const IMPAIRED_MS = 30_000;

/**
 * 1. At most one task of a slot with `x-partition: stop` runs at any moment, on whichever side of a partition. Left out are hosts whose agent or
 * engine is, or was a short while ago, away: nobody is there to stop anything.
 */
export const fencedOnce: Invariant = {
  name: 'fenced-once',
  watch({ world }, violated) {
    const running = new Map<string, Map<string, string>>();
    return {
      onContainer({ id: nodeId }, { id, state, labels }) {
        if (labels[LABELS.partition] !== 'stop') return;
        const slot = `${labels[LABELS.service]}/${labels[LABELS.serviceName]}.${labels[LABELS.slot] ?? nodeId}`;
        const holders = running.get(slot) ?? new Map<string, string>();
        running.set(slot, holders);
        holders.delete(id);
        if (state === 'running') holders.set(id, nodeId);
        const nodes = [...holders.values()].filter((held) => (world.node(held)?.atWorkForMs ?? 0) > IMPAIRED_MS);
        if (holders.size > 1 && nodes.length === holders.size)
          violated(
            `${slot}, which must never run twice, runs on ${nodes.join(' and ')} (${labels[LABELS.task]?.slice(0, 6)} just started)`,
          );
      },
    };
  },
};
