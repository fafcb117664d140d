import assert from 'node:assert/strict';
import { MTU_OPTION, type Network, networkBlockId } from '@tessera/api';
import { readyNode } from '../model/testing/builders.js';
import { IndexedView } from '../model/view.js';
import { networkMtu } from './network-mtu.js';

const meta = { revision: 1, createdAt: 0, updatedAt: 0 };

function mtuOf(underlays: Record<string, number | undefined>, option?: string) {
  const view = new IndexedView();
  const spec = { name: 'n', labels: {}, driver: 'overlay' as const, internal: false, attachable: false, ipv6: false };
  const network: Network = { id: 'net', ...meta, spec: { ...spec, driverOptions: option === undefined ? {} : { [MTU_OPTION]: option } } };
  for (const [id, underlayMtu] of Object.entries(underlays)) {
    const node = readyNode(id);
    const description = { ...node.description!, ...(underlayMtu !== undefined && { underlayMtu }) };
    view.apply({ kind: 'nodes', id, object: { ...node, revision: 1, description }, revision: 1 });
    if (id === 'stranger') continue;
    const block = { id: networkBlockId('net', id), ...meta, networkId: 'net', nodeId: id, subnet: '10.0.0.0/24' };
    view.apply({ kind: 'blocks', id: block.id, object: block, revision: 1 });
  }
  return networkMtu(view, network);
}

describe('the MTU of a network', () => {
  it('is the least of its members, less what VXLAN adds', () =>
    assert.deepEqual(mtuOf({ a: 1500, b: 1280, c: 9000 }), { mtu: 1230, limitedBy: 'b' }));
  it('heeds no node that does not take part', () => assert.deepEqual(mtuOf({ a: 1500, stranger: 1280 }), { mtu: 1450, limitedBy: 'a' }));
  it('is not known while no member has told its own', () => assert.equal(mtuOf({ a: undefined }), undefined));
  it('is what the network asks for where the members carry that', () => assert.deepEqual(mtuOf({ a: 1500 }, '1400'), { mtu: 1400 }));
  it('is no more than the members carry, whatever the network asks for', () =>
    assert.deepEqual(mtuOf({ a: 1500, b: 1400 }, '1450'), { mtu: 1350, limitedBy: 'b' }));
});
