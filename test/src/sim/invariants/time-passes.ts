import type { Invariant } from './invariant.js';

/** No moment lasts for ever: what processes hear of each other at once comes to an end. */
export const timePasses: Invariant = {
  name: 'time-passes',
  watch({ world }, violated) {
    return {
      onStep() {
        const { endlessAt } = world.moment;
        if (endlessAt !== undefined) violated(`at ${(endlessAt / 1_000).toFixed(3)} s something went round and round without time passing`);
      },
    };
  },
};
