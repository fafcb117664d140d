import assert from 'node:assert/strict';
import { addressAt, formatIpv4, formatRange, parseIpv4, parseRange, rangesOverlap } from './ipv4.js';

describe('IPv4 addresses', () => {
  it('are read and written back', () => {
    for (const text of ['0.0.0.0', '10.1.2.3', '255.255.255.255']) assert.equal(formatIpv4(parseIpv4(text)!), text);
  });

  it('are refused when they have another form', () => {
    for (const text of ['', '1.2.3', '1.2.3.4.5', '256.0.0.1', '01.2.3.4', 'a.b.c.d', '1.2.3.-4', ' 1.2.3.4']) {
      assert.equal(parseIpv4(text), undefined, text);
    }
  });
});

describe('IPv4 ranges', () => {
  const range = (text: string) => parseRange(text)!;

  it('lose their host bits', () => assert.equal(formatRange(range('10.1.2.3/24')), '10.1.2.0/24'));

  it('are refused when they have another form', () => {
    for (const text of ['10.0.0.0', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0/8', '10.0.0.0/-1'])
      assert.equal(parseRange(text), undefined, text);
  });

  it('overlap when one holds an address of the other', () => {
    assert.equal(rangesOverlap(range('10.0.0.0/8'), range('10.200.0.0/24')), true);
    assert.equal(rangesOverlap(range('10.200.0.0/24'), range('10.0.0.0/8')), true);
    assert.equal(rangesOverlap(range('10.0.0.0/24'), range('10.0.1.0/24')), false);
    assert.equal(rangesOverlap(range('0.0.0.0/0'), range('255.255.255.255/32')), true);
  });

  it('count their addresses from the first one', () => assert.equal(addressAt(range('10.9.8.0/24'), 1), '10.9.8.1'));
});
