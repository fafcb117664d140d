import assert from 'node:assert/strict';
import { FEATURE_MUTATIONS } from './feature-mutations.js';
import { MUTATIONS } from './mutations.js';
import { simulate } from './run.js';

/** Seeds that are tried for each mutation: one of them must find it. */
const SEEDS = [101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112];

describe('The invariants', function () {
  this.timeout(60_000);

  for (const { name, caughtBy, managers = 1, features, parts } of [...MUTATIONS, ...FEATURE_MUTATIONS]) {
    it(`find ${name}, by ${caughtBy}`, async () => {
      const found: string[] = [];
      for (const seed of SEEDS) {
        const { violation } = await simulate({ seed, managers, parts: parts(), ...(features ? { features } : { plain: true }) });
        if (violation) found.push(violation.invariant);
        if (violation?.invariant === caughtBy) return;
      }
      assert.fail(`no seed of ${SEEDS.length} found it; violated were: ${found.join(', ') || 'none'}`);
    });
  }
});
