import assert from 'node:assert/strict';
import { MTU_OPTION, type Network, type NodeDescription, networkBlockId, vipId } from '@tessera/api';
import { clusterObject, readyNode } from '../model/testing/builders.js';
import { IndexedView } from '../model/view.js';
import { networkUsage } from './network-usage.js';

const meta = { revision: 1, createdAt: 0, updatedAt: 0 };
const ABLE = { ipv6: { addresses: [] } };

/** A network with IPv6, node a with a block of it and a virtual address. */
function worldOf(change: Partial<Network['spec']>, nodes: Record<string, Partial<NodeDescription>>, allocated = true) {
  const view = new IndexedView();
  view.apply({ kind: 'clusters', id: 'cluster', object: clusterObject(), revision: 1 });
  const spec = { name: 'six', labels: {}, driver: 'overlay' as const, driverOptions: {}, internal: false, attachable: false, ipv6: true };
  const allocation = { subnet: '10.9.0.0/20', subnet6: 'fd00:9::/64', vni: 7 };
  const network: Network = { id: 'net', ...meta, spec: { ...spec, ...change }, ...(allocated && { allocation }) };
  view.apply({ kind: 'networks', id: 'net', object: network, revision: 1 });
  for (const [id, more] of Object.entries(nodes)) {
    const node = readyNode(id);
    view.apply({ kind: 'nodes', id, object: { ...node, revision: 1, description: { ...node.description!, ...more } }, revision: 1 });
  }
  const block = { id: networkBlockId('net', 'a'), ...meta, networkId: 'net', nodeId: 'a', subnet: '10.9.3.0/24' };
  if (allocated) view.apply({ kind: 'blocks', id: block.id, object: block, revision: 1 });
  const vip = { id: vipId('net', '10.9.15.7'), ...meta, networkId: 'net', serviceId: 'web', address: '10.9.15.7' };
  if (allocated) view.apply({ kind: 'vips', id: vip.id, object: vip, revision: 1 });
  return networkUsage(view, network);
}

describe('the use of a network with IPv6', () => {
  it('tells what stands beside its ranges of IPv4', () => {
    const { subnet6, nodes, vips, problems } = worldOf({}, { a: ABLE });
    assert.deepEqual([subnet6, nodes[0]?.block, nodes[0]?.block6], ['fd00:9::/64', '10.9.3.0/24', 'fd00:9::300/120']);
    assert.deepEqual([vips?.range, vips?.range6, vips?.used], ['10.9.15.0/24', 'fd00:9::f00/120', 1]);
    assert.deepEqual(problems, []);
  });

  it('names the nodes that cannot carry it', () =>
    assert.deepEqual(worldOf({}, { a: ABLE, b: {}, c: { ...ABLE, underlayMtu: 1300 } }).problems, [
      'IPv6 is not available on b: tasks of it run elsewhere only',
      'an MTU of 1280 is not available on c: tasks of it run elsewhere only',
    ]));

  it('says when a member lets only smaller packets pass than IPv6 needs', () => {
    const { problems } = worldOf({}, { a: { ...ABLE, underlayMtu: 1300 } });
    assert.equal(problems[0], 'it has an MTU of 1250 by node a, and IPv6 needs 1280');
    assert.deepEqual(worldOf({ ipv6: false }, { a: { underlayMtu: 1300 } }).problems, []);
    assert.equal(
      worldOf({ driverOptions: { [MTU_OPTION]: '1200' } }, { a: ABLE }).problems[0],
      'it has an MTU of 1200, and IPv6 needs 1280',
    );
  });

  it('says why it has no subnet', () => {
    assert.match(
      worldOf({ subnet6: 'fd00::/115' }, { a: ABLE }, false).problems.join(),
      /^network six has no subnet: fd00::\/115 is too small/,
    );
    assert.deepEqual(worldOf({}, { a: ABLE }, false).problems, ['it has no subnet yet']);
  });
});
