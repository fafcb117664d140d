import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { Bed, type Host } from '@tessera/bed';
import { diffMachine, type MachineSnapshot, snapshotMachine } from '../../support/leftovers.js';
import { commandOutput, concerning, onHost, outerAddress, reaches, testBedName } from '../../support/test-bed.js';

const names = [testBedName('net-a'), testBedName('net-b')];

function forwarding(): Promise<string> {
  return readFile('/proc/sys/net/ipv4/ip_forward', 'utf8');
}

describe('beds with a way to the outside', () => {
  let machine: MachineSnapshot;

  beforeEach(async () => {
    machine = await snapshotMachine();
  });

  afterEach(() => Promise.all(names.map((name) => Bed.destroy(name))));

  it('route through the machine, and give back what they changed there with the last of them', async () => {
    const outside = await outerAddress();
    const before = await forwarding();
    const beds = await Promise.all(names.map((name) => Bed.create({ name, hosts: 1, internet: true })));
    for (const bed of beds) {
      const [host] = bed.hosts as [Host];
      assert.match(await onHost(host, 'cat', '/etc/resolv.conf'), /^nameserver/);
      assert.ok(await reaches(host, outside));
      const rules = await commandOutput('nft', ['list', 'table', 'ip', `tessera_dev_${bed.machineAddress.split('.')[2]}`]);
      assert.match(rules, /masquerade/);
    }
    assert.equal(await forwarding(), '1\n');
    await Bed.destroy(names[0] ?? '');
    assert.equal(await forwarding(), '1\n');
    await Bed.destroy(names[1] ?? '');
    assert.equal(await forwarding(), before);
    for (const bed of beds) {
      const diff = diffMachine(machine, await snapshotMachine(), concerning(bed.name, bed.machineAddress));
      assert.deepEqual(diff, { added: [], removed: [] });
    }
  });
});
