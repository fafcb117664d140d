import assert from 'node:assert/strict';
import type { NetworkSpec, NodeDescription } from '@tessera/api';
import { readyNode, serviceSpec } from '../../model/testing/builders.js';
import { World } from '../../plan/testing/world.js';

const IPV6 = { ipv6: { addresses: [] } };

/** Where a task on the network goes among nodes with these abilities, and what it says when it goes nowhere. */
function outcome(asks: Partial<NetworkSpec>, nodes: Record<string, Partial<NodeDescription>>, subnet = '10.9.0.0/16'): string {
  const world = new World();
  const spec = { name: 'net', labels: {}, driver: 'overlay' as const, driverOptions: {}, internal: false, attachable: false, ipv6: true };
  const network = { id: 'net', revision: 0, createdAt: 0, updatedAt: 0, spec: { ...spec, ...(subnet !== '' && { subnet }), ...asks } };
  world.write({ type: 'put', kind: 'networks', object: network });
  world.table.networks.put(network);
  for (const [id, more] of Object.entries(nodes)) {
    const node = readyNode(id);
    world.putNode({ ...node, description: { ...node.description!, ...more } });
  }
  world.deploy(serviceSpec('web', 1, ({ template }) => void (template.networks = [{ network: 'net', aliases: [] }])));
  world.settle();
  const [task] = world.tasks('web');
  return task?.nodeId ?? task?.status.message ?? '';
}

describe('what networks ask of nodes', () => {
  it('is IPv6, never done without in silence', () => {
    assert.equal(outcome({}, { plain: {}, able: IPV6 }), 'able');
    assert.equal(
      outcome({}, { plain: {} }),
      '0/1 node: 1 IPv6 not available, which network net needs (a kernel that has it switched on, and ndppd)',
    );
    assert.equal(outcome({ ipv6: false }, { plain: {} }), 'plain');
  });

  it('is so before the network has a subnet', () => assert.match(outcome({}, { plain: {} }, ''), /IPv6 not available/));

  it('is packets of 1280 bytes where there is IPv6, what the way between nodes adds not counted', () => {
    assert.equal(outcome({}, { narrow: { ...IPV6, underlayMtu: 1329 }, wide: { ...IPV6, underlayMtu: 1330 } }), 'wide');
    assert.equal(
      outcome({}, { narrow: { ...IPV6, underlayMtu: 1329 } }),
      '0/1 node: 1 an MTU of 1280 not available, which network net needs (the least that IPv6 has: packets of 1330 between the nodes, 1390 with encryption)',
    );
    const encryption = { publicKey: 'x', by: 'kernel' as const };
    const nodes = { narrow: { ...IPV6, encryption, underlayMtu: 1389 }, wide: { ...IPV6, encryption, underlayMtu: 1390 } };
    assert.equal(outcome({ driverOptions: { encrypted: '' } }, nodes), 'wide');
    assert.equal(outcome({ ipv6: false }, { narrow: { underlayMtu: 900 } }), 'narrow');
  });

  it('is nothing of networks that stay on their node', () => assert.equal(outcome({ driver: 'bridge' }, { plain: {} }), 'plain'));
});
