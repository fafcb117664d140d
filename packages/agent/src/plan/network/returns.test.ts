import assert from 'node:assert/strict';
import type { NetworkAssignment } from '@tessera/api';
import { networkOf, peersOf } from '../../testing/builders.js';
import { planReturns } from './returns.js';

function network(vni: number, peers: number[]): NetworkAssignment {
  return networkOf(vni, { peers: peersOf(vni, ...peers) });
}

const lines = (...args: Parameters<typeof planReturns>): string[] => planReturns(...args).map((step) => `${step.tool} ${step.line}`);
const markOf2 = 0x0a_07_02_00;

describe('the ways back to clients outside of the overlay', () => {
  it('lead through the node that the client came in by, for each network that publishes ports', () => {
    assert.deepEqual(lines([network(7, [2]), network(8, [2])], new Set(['net7']), []), [
      `ip route replace default via 10.7.2.0 dev tsv7 onlink table ${markOf2}`,
      `ip rule add priority 20542 iif tsb7 fwmark ${markOf2} lookup ${markOf2}`,
    ]);
  });

  it('lead by IPv6 over the link, since its next hop has no address of the network', () => {
    const dual = { ...network(7, [2]), subnet6: 'fd00:0:0:7::/64' };
    assert.deepEqual(
      lines([dual], new Set(['net7']), [{ tool: 'ip', bridge: 'tsb7', mark: markOf2 }]).filter((line) => !line.startsWith('ip ')),
      [
        `ip6 route replace default via fe80::a07:200 dev tsv7 onlink table ${markOf2}`,
        `ip6 rule add priority 20542 iif tsb7 fwmark ${markOf2} lookup ${markOf2}`,
      ],
    );
  });

  it('only renew their routes when all rules are there', () => {
    const steps = lines([network(7, [2])], new Set(['net7']), [{ tool: 'ip' as const, bridge: 'tsb7', mark: markOf2 }]);
    assert.deepEqual(steps, [`ip route replace default via 10.7.2.0 dev tsv7 onlink table ${markOf2}`]);
  });

  it('go with their peer, or when nothing is published any more', () => {
    const rules = [{ tool: 'ip' as const, bridge: 'tsb7', mark: markOf2 }];
    const gone = [`ip rule delete priority 20542 iif tsb7 fwmark ${markOf2} lookup ${markOf2}`];
    assert.deepEqual(lines([network(7, [])], new Set(['net7']), rules), gone);
    assert.deepEqual(lines([network(7, [2])], new Set(), rules), gone);
  });
});
