import assert from 'node:assert/strict';
import { parseIpv6, parseIpv6Range } from '@tessera/api/net/ipv6';
import fc from 'fast-check';
import { IPV6 } from './family.js';
import { around, desiredNeighbours, ndppdConfig } from './neighbours.js';

const network = {
  id: 'n',
  name: 'shop_net',
  vni: 7,
  subnet: '10.7.0.0/16',
  block: '10.7.1.0/24',
  internal: false,
  attachable: false,
  driverOptions: {},
  peers: [],
};

describe('what a bridge answers for', () => {
  it('is what the network gives out but the own block, whatever peers there are', () => {
    const [one, ...others] = desiredNeighbours([network, { ...network, subnet6: 'fd00:0:0:7::/64' }]);
    assert.deepEqual(others, []);
    assert.equal(one?.bridge, 'tsb7');
    assert.deepEqual(one?.ranges.slice(-2), ['fd00:0:0:7::200/119', 'fd00:0:0:7::/120']);
    assert.equal(one?.ranges.length, 120 - 112);
  });

  it('holds each address of the range once, and none of the block', () => {
    const place = fc.integer({ min: 0, max: 0xffff });
    fc.assert(
      fc.property(place, place, fc.integer({ min: 113, max: 125 }), (home, address, prefix) => {
        const block = `fd00::${home.toString(16)}/${prefix}`;
        const text = `fd00::${address.toString(16)}`;
        const holders = around('fd00::/112', block).filter((range) => IPV6.isIn(range, text));
        assert.equal(holders.length, IPV6.isIn(block, text) ? 0 : 1);
      }),
    );
    assert.deepEqual(around('fd00::/112', 'fd00::/112'), []);
    assert.ok(around('fd00::/112', 'fd00::8/125').every((range) => parseIpv6Range(range)?.base === parseIpv6(range.split('/')[0] ?? '')));
  });

  it('is written for one bridge, which has another number when it was made anew', () => {
    const range = { bridge: 'tsb7', ranges: ['fd00::/113'] };
    const identity = { index: 5, hardwareAddress: '02:42:00:00:00:01' };
    const config = ndppdConfig(range, identity);
    assert.match(config, /proxy tsb7 \{[^}]*rule fd00::\/113 \{ static \}/);
    assert.notEqual(config, ndppdConfig(range, { ...identity, index: 6 }));
    assert.notEqual(config, ndppdConfig(range, { ...identity, hardwareAddress: '02:42:00:00:00:02' }));
  });
});
