import assert from 'node:assert/strict';
import { readyNode, serviceSpec } from '../../model/testing/builders.js';
import { World } from '../../plan/testing/world.js';

/** A cluster where a service of so many replicas wants addresses of a network. */
function worldOf(nodes: number, subnet: string, replicas: number): World {
  const world = new World();
  const spec = { name: 'net', labels: {}, driver: 'overlay' as const, driverOptions: {}, internal: false, attachable: false, ipv6: false };
  const network = { id: 'net', revision: 0, createdAt: 0, updatedAt: 0, spec: { ...spec, subnet } };
  world.write({ type: 'put', kind: 'networks', object: network });
  world.table.networks.put(network);
  for (let index = 0; index < nodes; index++) world.putNode(readyNode(`n${index}`));
  world.deploy(
    serviceSpec('web', replicas, (draft) => {
      draft.template.networks = [{ network: 'net', aliases: [] }];
    }),
  );
  world.settle();
  return world;
}

function outcome(world: World): { placed: Record<string, number>; message: string | undefined } {
  const placed: Record<string, number> = {};
  for (const { nodeId } of world.tasks('web')) if (nodeId !== undefined) placed[nodeId] = (placed[nodeId] ?? 0) + 1;
  return { placed, message: world.tasks('web').find(({ nodeId }) => nodeId === undefined)?.status.message };
}

describe('addresses as a limit of placement', () => {
  it('puts no more tasks on a node than its block has addresses for, and a pending task says so', () =>
    assert.deepEqual(outcome(worldOf(1, '10.9.0.0/28', 7)), {
      placed: { n0: 5 },
      message: '0/1 node: 1 no address left on network net (5 a node out of 10.9.0.0/28)',
    }));

  it('uses no more nodes than the subnet serves', () => {
    const { placed, message } = outcome(worldOf(3, '10.9.0.0/28', 12));
    assert.deepEqual(Object.values(placed), [5, 5]);
    assert.match(
      message ?? '',
      /2 no address left on network net .*, 1 no addresses left for another node on network net \(10.9.0.0\/28 serves 2 nodes\)/,
    );
  });

  it('does not limit networks that have room', () => assert.deepEqual(outcome(worldOf(2, '10.9.0.0/16', 20)).placed, { n0: 10, n1: 10 }));
});
