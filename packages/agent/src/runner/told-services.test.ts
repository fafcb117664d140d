import assert from 'node:assert/strict';
import type { NodeSetItems, ServiceEndpoints } from '@tessera/api';
import { RunnerWorld, setOf } from '../testing/runner-world.js';

const LIMIT_MS = 30_000;

function setWith(...ids: string[]): NodeSetItems {
  const services = ids.map((id): ServiceEndpoints => {
    const names = { id, serviceId: id, serviceName: id, shortName: id, networkId: 'net' };
    return { ...names, aliases: [], endpointMode: 'vip', ports: [], ingress: [], endpoints: [] };
  });
  return { ...setOf(), services };
}

describe("the node's network", () => {
  let world: RunnerWorld;
  beforeEach(() => void (world = new RunnerWorld()));
  afterEach(() => world.runner.stop());

  const told = (): string[][] => world.network.told.splice(0).filter((one) => one.length > 0);
  const merge = (seq: number, put: NodeSetItems, ...gone: string[]): Promise<void> =>
    world.runner.mergeDesired(seq, put, { tasks: [], ended: [], networks: [], services: gone, files: [] });

  it('is told of the services that changed and of no others', async () => {
    await world.runner.replaceDesired(1, setWith('a', 'b'));
    await world.clock.advance(0);
    await merge(2, setWith('c', 'b'), 'a');
    await world.clock.advance(0);
    assert.deepEqual(told(), [
      ['a', 'b'],
      ['-a', 'b', 'c'],
    ]);
  });

  it('is told of those that a complete set does not name any more', async () => {
    await world.runner.replaceDesired(1, setWith('a', 'b'));
    await world.clock.advance(0);
    await world.runner.replaceDesired(2, setWith('b'));
    await world.clock.advance(0);
    assert.deepEqual(told().at(-1), ['-a', 'b']);
  });

  it('is told of all that were saved when the agent starts', async () => {
    await world.runner.replaceDesired(1, setWith('a'));
    await world.clock.advance(0);
    await world.runner.stop();
    told();
    world.restart();
    await world.clock.advanceUntil(() => world.network.told.length > 0, LIMIT_MS);
    assert.deepEqual(told(), [['a']]);
  });

  it('is not told twice when it fails', async () => {
    world.network.failure = new Error('busy');
    await world.runner.replaceDesired(1, setWith('a'));
    await world.clock.advanceUntil(() => world.network.told.length > 1, LIMIT_MS);
    assert.deepEqual(told(), [['a']]);
    world.network.failure = undefined;
  });
});
