import assert from 'node:assert/strict';
import { parseRange } from './ipv4.js';
import { subnet6Problem } from './subnet6.js';

describe("a user's IPv6 subnet", () => {
  it('is a unicast range', () => {
    for (const good of ['fd00:20::/64', '2001:db8::/32', 'fd00::5/64', 'fd00::/127']) assert.equal(subnet6Problem(good), undefined, good);
    for (const none of ['fd00::', '10.0.0.0/8', 'fd00::/129', '[fd00::]/64', ''])
      assert.match(subnet6Problem(none)?.problem ?? '', /is not an IPv6 subnet$/, none);
  });

  it('is none of those that mean something else', () => {
    const told = (text: string) => subnet6Problem(text)?.problem;
    assert.equal(told('fe80:1::/64'), 'fe80:1::/64 overlaps with fe80::/10, which is link-local');
    assert.equal(told('ff02::/64'), 'ff02::/64 overlaps with ff00::/8, which is multicast');
    for (const text of ['::1/128', '::/0', '::ffff:10.0.0.0/104']) assert.match(told(text) ?? '', /overlaps with ::\/8/, text);
  });

  it('has an address beside each of IPv4', () => {
    assert.equal(subnet6Problem('fd00::/112', parseRange('10.1.0.0/16')), undefined);
    assert.deepEqual(subnet6Problem('fd00::/113', parseRange('10.1.0.0/16')), {
      problem: 'fd00::/113 is too small beside an IPv4 subnet of /16: each address of that has one in it',
      cure: 'give it a prefix of /112 at most; /64 is usual',
    });
  });
});
