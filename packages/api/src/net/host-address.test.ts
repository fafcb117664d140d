import assert from 'node:assert/strict';
import { hostAddress, hostAddressesClash, ingressAddressProblem, isIpAddress } from './host-address.js';

describe('the address of a node that a port is bound to', () => {
  it('has one form', () => {
    const forms = [
      ['192.0.2.1', '192.0.2.1'],
      ['::1', '::1'],
      ['FD00:0:0::5', 'fd00::5'],
      ['::ffff:192.0.2.1', '192.0.2.1'],
    ];
    for (const [text, form] of forms) assert.equal(hostAddress(text), form);
    for (const every of [undefined, '', '0.0.0.0', '::', '0:0:0:0:0:0:0:0']) assert.equal(hostAddress(every), undefined, every);
  });

  it('clashes with itself, and with all of them', () => {
    const clashing = [
      [undefined, '::1'],
      ['::', '127.0.0.1'],
      ['0.0.0.0', '::'],
      ['fd00::5', 'FD00:0::5'],
      [undefined, undefined],
    ] as const;
    for (const [one, other] of clashing) assert.equal(hostAddressesClash(one, other), true, `${one} and ${other}`);
    for (const [one, other] of [
      ['::1', '127.0.0.1'],
      ['fd00::5', 'fd00::6'],
    ])
      assert.equal(hostAddressesClash(one, other), false);
  });

  it('is an address', () => {
    for (const good of ['1.2.3.4', '::1', 'fe80::1', '::ffff:1.2.3.4']) assert.ok(isIpAddress(good), good);
    for (const none of ['', 'web', '1.2.3', '[::1]', '1::2::3', 'fe80::1%eth0']) assert.ok(!isIpAddress(none), none);
  });

  it('is not the loopback of IPv6 where every node answers', () => {
    assert.match(ingressAddressProblem('0::1')?.problem ?? '', /cannot be bound to ::1/);
    for (const good of [undefined, '127.0.0.1', 'fd00::1']) assert.equal(ingressAddressProblem(good), undefined);
  });
});
