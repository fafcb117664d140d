import { DISPATCHER_TIMES } from '@tessera/manager/dispatcher/dispatcher';
import type { Invariant } from './invariant.js';

/**
 * A node is called down only when no manager hears its agent: not one whose session has been served all the while, by whichever manager. With
 * several managers this is what each must leave to the one that holds the session.
 */
export const downIsSilent: Invariant = {
  name: 'down-is-silent',
  watch({ world }, violated) {
    const states = new Map<string, string | undefined>();
    return {
      onChange({ kind, id, object }) {
        if (kind !== 'nodes') return;
        const before = states.get(id);
        states.set(id, object?.status.state);
        if (object?.status.state !== 'down' || before === 'down') return;
        const node = world.node(id);
        node?.look();
        // What was decided before the session was open may land after it: two looks at the clock of the manager, and the way to the store.
        if (node && node.servedForMs > DISPATCHER_TIMES.reconnectGraceMs)
          violated(
            `${id} is called down (${object.status.message}), though its agent has been served for ${Math.round(node.servedForMs)} ms`,
          );
      },
      onMoment() {
        for (const node of world.nodes) node.look();
      },
    };
  },
};
