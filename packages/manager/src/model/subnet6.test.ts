import assert from 'node:assert/strict';
import { formatIpv6Range } from '@tessera/api/net/ipv6';
import { freeSubnet6, ipv6PoolOf } from './subnet6.js';

describe('IPv6 subnets of networks', () => {
  const pool = ipv6PoolOf('c1');

  it('come out of a unique local /48 of the cluster', () => {
    assert.match(formatIpv6Range(pool), /^fd[0-9a-f]{2}:[0-9a-f]{1,4}:[0-9a-f]{1,4}::\/48$/);
    assert.notDeepEqual(pool, ipv6PoolOf('c2'));
    assert.deepEqual(pool, ipv6PoolOf('c1'));
  });

  it('have the number of their VXLAN id, or the next one that nobody has', () => {
    const first = freeSubnet6(pool, 0x540000, []);
    assert.equal(first, formatIpv6Range({ ...pool, prefix: 64 }));
    const second = freeSubnet6(pool, 0x540000, [first ?? '']);
    assert.equal(second, freeSubnet6(pool, 0x540001, []));
  });

  it('end when others have all of the pool', () => assert.equal(freeSubnet6(pool, 7, ['fc00::/7']), undefined));
});
