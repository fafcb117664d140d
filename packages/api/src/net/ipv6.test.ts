import assert from 'node:assert/strict';
import { formatIpv6, ipv6Beside, ipv6RangeBeside, ipv6RangesOverlap, parseIpv6, parseIpv6Range } from './ipv6.js';

describe('IPv6 addresses', () => {
  it('are read and written in the one form of RFC 5952', () => {
    const forms = [
      ['FD00:0:0:1::5', 'fd00:0:0:1::5'],
      ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
      ['1::2:0:3:4:5:6', '1:0:2:0:3:4:5:6'],
      ['::', '::'],
      ['::1', '::1'],
    ];
    for (const [text = '', form] of forms) assert.equal(formatIpv6(parseIpv6(text) ?? -1n), form);
  });

  it('have no zone and no brackets', () => {
    for (const text of ['fe80::1%eth0', '[::1]', '1.2.3.4', '', ':', '1::2::3', 'fd00::/64'])
      assert.equal(parseIpv6(text), undefined, text);
  });
});

describe('IPv6 ranges', () => {
  it('lose their host bits', () => {
    assert.deepEqual(parseIpv6Range('fd00::5/64'), parseIpv6Range('fd00::/64'));
    for (const text of ['fd00::', 'fd00::/129', 'fd00::/x', 'fd00::/64/1', '10.0.0.0/8'])
      assert.equal(parseIpv6Range(text), undefined, text);
  });

  it('overlap when one holds the other', () => {
    const overlap = (a: string, b: string): boolean => ipv6RangesOverlap(parseIpv6Range(a)!, parseIpv6Range(b)!);
    assert.equal(overlap('fd00::/48', 'fd00:0:0:7::/64'), true);
    assert.equal(overlap('fd00:0:0:7::/64', 'fd00::/48'), true);
    assert.equal(overlap('fd00:0:0:7::/64', 'fd00:0:0:8::/64'), false);
    assert.equal(overlap('::/0', 'fd00::/8'), true);
  });
});

describe('IPv6 beside IPv4', () => {
  const subnets = { subnet: '10.130.0.0/16', subnet6: 'fd12:3456:789a:5::/64' };

  it('is as far from the start of its subnet', () => {
    assert.equal(ipv6Beside(subnets, '10.130.0.1'), 'fd12:3456:789a:5::1');
    assert.equal(ipv6Beside(subnets, '10.130.255.7'), 'fd12:3456:789a:5::ff07');
    assert.equal(ipv6RangeBeside(subnets, '10.130.3.0/24'), 'fd12:3456:789a:5::300/120');
    assert.equal(ipv6RangeBeside(subnets, '10.130.0.0/16'), 'fd12:3456:789a:5::/112');
  });

  it('says what it cannot read', () => {
    assert.throws(() => ipv6Beside(subnets, 'web'), /"web" is no address or range/);
  });
});
