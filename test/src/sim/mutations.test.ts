import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { FEATURE_MUTATIONS } from './feature-mutations.js';
import { MUTATIONS, type Mutation } from './mutations.js';
import { SeedPool } from './pool.js';

/** Seeds that are tried for each mutation: one of them must find it. */
const SEEDS = [101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112];
const ALL: readonly Mutation[] = [...MUTATIONS, ...FEATURE_MUTATIONS];

/** What was violated by the seeds, up to the one that found the mutation. */
async function search(pool: SeedPool, { name, caughtBy, managers = 1, features }: Mutation): Promise<string[]> {
  const found: string[] = [];
  for (const seed of SEEDS) {
    const { violation } = await pool.run({ seed, managers, mutation: name, ...(features ? { features } : { plain: true }) });
    if (violation) found.push(violation.invariant);
    if (violation?.invariant === caughtBy) break;
  }
  return found;
}

describe('The invariants', function () {
  // All are looked for at once, on all cores.
  this.timeout(240_000);
  let pool: SeedPool;
  const searches = new Map<string, Promise<string[]>>();

  before(() => {
    pool = new SeedPool(availableParallelism());
    for (const mutation of ALL) searches.set(mutation.name, search(pool, mutation));
  });
  after(() => pool.close());

  for (const { name, caughtBy } of ALL) {
    it(`find ${name}, by ${caughtBy}`, async () => {
      const found = (await searches.get(name)) ?? [];
      assert.equal(found.at(-1), caughtBy, `no seed of ${SEEDS.length} found it; violated were: ${found.join(', ') || 'none'}`);
    });
  }
});
