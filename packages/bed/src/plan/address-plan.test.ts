import assert from 'node:assert/strict';
import { addressPlan, hostAddress, hostMac, MAX_HOSTS, subnetsInUse } from './address-plan.js';

describe('the address plan of a LAN', () => {
  it('gives gateway, registry, machine and hosts fixed places in the /24', () => {
    assert.deepEqual(addressPlan(7), {
      subnet: 7,
      network: '10.78.7.0/24',
      gateway: '10.78.7.1',
      machine: '10.78.7.254',
      registry: '10.78.7.1:5000',
    });
    assert.equal(hostAddress(7, 1), '10.78.7.11');
  });

  it('has room for all hosts below the machine, and refuses more', () => {
    assert.equal(hostAddress(0, MAX_HOSTS), '10.78.0.210');
    assert.throws(() => hostAddress(0, MAX_HOSTS + 1), /hosts 1 to 200/);
    assert.throws(() => hostAddress(0, 0), /hosts 1 to 200/);
  });

  it('gives each host of each cluster a MAC of its own', () => {
    const macs = new Set([hostMac(0, 1), hostMac(0, 2), hostMac(1, 1), hostMac(254, 200)]);
    assert.equal(macs.size, 4);
    assert.equal(hostMac(254, 200), '02:54:53:fe:00:c8');
  });

  it('sees the subnets that the machine uses already', () => {
    const listing = [
      'default via 192.0.2.1 dev eth0',
      '10.78.3.0/24 dev tsd3 proto kernel scope link src 10.78.3.254',
      '    inet 10.78.12.9/30 brd 10.78.12.11 scope global eth1',
      '10.7.80.0/24 dev eth2',
    ];
    assert.deepEqual(subnetsInUse(listing.join('\n')), new Set([3, 12]));
  });
});
