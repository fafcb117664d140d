import assert from 'node:assert/strict';
import { Bed, type Host } from '@tessera/bed';
import { assertMachineClean, type MachineSnapshot, snapshotMachine } from '../../support/leftovers.js';
import { concerning, testBedName } from '../../support/test-bed.js';
import { UnitHost } from '../../support/unit-host.js';

/** The first run on a machine builds the Debian tree, which takes a minute on an idle one. */
const FIRST_RUN_LIMIT_MS = 600_000;
const name = testBedName('unit');

describe('The units for systemd', () => {
  let machine: MachineSnapshot;
  let bed: Bed;
  let host: Host;
  let unit: UnitHost;

  before(async function () {
    this.timeout(FIRST_RUN_LIMIT_MS);
    machine = await snapshotMachine();
    bed = await Bed.create({ name, hosts: 1, kind: 'full' });
    [host] = bed.hosts as [Host];
    unit = new UnitHost(host);
    await unit.install();
  });

  after(async () => {
    const network = bed?.machineAddress;
    await Bed.destroy(name);
    await assertMachineClean(machine, concerning(name, network));
  });

  it('are understood by systemd without a complaint', async () => {
    assert.equal(await unit.shell('systemd-analyze verify tessera-manager.service tessera-agent.service'), '');
  });

  it('start nothing on a host that has no cluster', async () => {
    await unit.shell('systemctl start tessera-manager tessera-agent');
    assert.equal(await unit.shell('systemctl is-active tessera-manager tessera-agent'), 'inactive\ninactive');
  });

  it('run a manager and an agent, with options from their files', async () => {
    await unit.shell(`tsctl cluster init --name unit --address ${host.ip}; systemctl start tessera-manager`);
    await unit.eventually('tsctl cluster info', /Manager:.*leads/);
    const token = await unit.shell('tsctl cluster token rotate worker');
    assert.match(await unit.shell(`TESSERA_JOIN_TOKEN=${token} tessera-agent join --manager https://${host.ip}:4600`), /joined as node/);
    await unit.shell("mkdir -p /etc/tessera; echo 'TESSERA_AGENT_OPTIONS=--label disk=ssd --resource gpu=2' > /etc/tessera/agent.env");
    await unit.shell('systemctl start tessera-agent');
    await unit.eventually('tsctl node ls', /node1 +ready/);
    assert.match(await unit.shell('tsctl node inspect node1'), /"kind": "gpu",\s+"count": 2/);
  });

  it('bring both back when they are killed', async () => {
    await unit.shell('systemctl kill -s KILL tessera-manager; systemctl kill -s KILL tessera-agent');
    await unit.eventually('systemctl show -p NRestarts --value tessera-manager tessera-agent', /^1\s+1$/);
    await unit.eventually('systemctl is-active tessera-manager tessera-agent', /^active\s+active$/);
    await unit.eventually('tsctl node ls', /node1 +ready/);
  });

  it('end both cleanly, and keep the files of running tasks', async () => {
    await unit.shell('echo kept > /run/tessera/probe; systemctl stop tessera-agent tessera-manager');
    assert.equal(await unit.shell('systemctl is-failed tessera-agent tessera-manager'), 'inactive\ninactive');
    assert.equal(await unit.shell('cat /run/tessera/probe'), 'kept');
  });
});
