import type { Service } from '@tessera/api';
import type { Known } from '../ledger.js';
import type { Invariant } from './invariant.js';

/** 4. What the API acknowledged is there after any crash. */
export const acknowledgedStays: Invariant = {
  name: 'acknowledged-stays',
  watch({ world, ledger }, violated) {
    return {
      onStep() {
        for (const [name, known] of ledger.known()) {
          const problem = problemOf(world.view.byName('services', name), known);
          if (problem) violated(`service ${name} ${problem}, though a user was told otherwise`);
        }
      },
    };
  },
};

function problemOf(service: Service | undefined, { exists, call, replicas }: Known): string | undefined {
  if ((service !== undefined) !== exists) return service ? 'is there' : 'is not there';
  // A rollback, which the user asked for by the update settings, brings an earlier spec back.
  if (!service || service.update?.state.startsWith('rollback')) return undefined;
  const { spec } = service;
  if (call !== undefined && spec.labels.call !== call) return `is of call #${spec.labels.call}, not #${call}`;
  if (replicas !== undefined && (spec.mode.kind !== 'replicated' || spec.mode.replicas !== replicas))
    return `is ${JSON.stringify(spec.mode)}, not ${replicas} replicas`;
  return undefined;
}
