import assert from 'node:assert/strict';
import { serviceSpec } from '@tessera/manager/model/testing/builders';
import { deployStack } from '@tessera/manager/use-case/stacks';
import { Faults } from './faults.js';
import { fencedOnce } from './invariants/fenced-once.js';
import { Ledger } from './ledger.js';
import { FENCE_MUTATIONS } from './mutations.js';
import type { Parts } from './world/parts.js';
import { SimWorld } from './world/world.js';

const REST_MS = 60_000;

/** Cuts the node of a fenced task off for a minute and heals it. Returns what is wrong by the invariant of fencing, and whether it ran elsewhere. */
async function partition(parts: Partial<Parts> = {}): Promise<{ violations: string[]; movedTo: string | undefined }> {
  const world = await SimWorld.make({ seed: 3, managers: 2, nodes: 3, parts });
  try {
    const { clock, managers } = world;
    const violations: string[] = [];
    world.listen(fencedOnce.watch({ world, faults: new Faults(world), ledger: new Ledger() }, (what) => violations.push(what)));
    const isUp = (): boolean => world.nodes.every((node) => node.isConnected) && managers.some(({ isLeader }) => isLeader);
    await clock.advanceUntil(isUp, 30_000, 'the cluster');
    const context = managers.find(({ isLeader }) => isLeader)?.context;
    assert.ok(context);
    const service = serviceSpec('db_main', 1, (spec) => {
      spec.stack = 'db';
      spec.template.partition = 'stop';
      spec.update.order = 'stop-first';
    });
    void deployStack(context, 'db', { name: 'db', services: [service], networks: [], configs: [], secrets: [] }, { prune: false });
    const running = () => world.nodes.find(({ engine }) => engine.running().length > 0);
    await clock.advanceUntil(() => running() !== undefined, 30_000, 'the task to run');
    await clock.advance(REST_MS);
    const home = running();
    home?.cutLinks(managers);
    await clock.advance(REST_MS);
    const movedTo = world.nodes.find((node) => node !== home && node.engine.running().length > 0)?.id;
    home?.healLinks(managers);
    await clock.advance(REST_MS);
    return { violations, movedTo };
  } finally {
    world.close();
  }
}

describe('A fenced task whose node is cut off', function () {
  this.timeout(60_000);

  it('runs elsewhere, and never twice', async () => {
    const { violations, movedTo } = await partition();
    assert.deepEqual(violations, []);
    assert.ok(movedTo);
  });

  for (const { name, caughtBy, parts } of FENCE_MUTATIONS) {
    it(`shows ${name}, by ${caughtBy}`, async () => {
      assert.equal(caughtBy, fencedOnce.name);
      assert.notDeepEqual((await partition(parts())).violations, []);
    });
  }
});
