import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { Bed, type Host } from '@tessera/bed';
import { assertMachineClean, type MachineSnapshot, snapshotMachine } from '../../support/leftovers.js';
import { commandOutput, concerning, onHost, provideBusybox, reaches, testBedName } from '../../support/test-bed.js';

const name = testBedName('full');
/** The first run on a machine builds the Debian tree, which takes a minute on an idle one. */
const FIRST_RUN_LIMIT_MS = 600_000;

describe('a bed of full hosts', () => {
  let machine: MachineSnapshot;
  let bed: Bed;
  let image: string;
  let one: Host;
  let two: Host;

  before(async function () {
    this.timeout(FIRST_RUN_LIMIT_MS);
    machine = await snapshotMachine();
    bed = await Bed.create({ name, hosts: 2, kind: 'full' });
    [one, two] = bed.hosts as [Host, Host];
    image = await provideBusybox(bed);
  });

  after(async () => {
    const network = bed?.machineAddress;
    await Bed.destroy(name);
    await assertMachineClean(machine, concerning(name, network));
  });

  function ssh(host: Host, ...command: string[]): Promise<string> {
    const trust = ['-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null', '-o', 'LogLevel=ERROR'];
    return commandOutput('ssh', [...trust, '-o', 'BatchMode=yes', '-i', bed.sshKeyFile, `root@${host.ip}`, ...command]);
  }

  it('lets root in over SSH with its key, into a systemd of its own', async () => {
    assert.equal(await ssh(one, 'hostname'), 'node1');
    assert.equal(await ssh(two, 'cat', '/proc/1/comm'), 'systemd');
    assert.match(await ssh(one, 'systemctl', 'show', '--property=ActiveState', 'docker'), /ActiveState=active/);
  });

  it('has a disk of its own', async () => {
    await ssh(one, 'touch', '/usr/local/bin/mine', '/var/lib/mine');
    assert.equal((await two.exec(['ls', '/usr/local/bin/mine'])).code, 2);
    assert.equal((await two.exec(['ls', '/var/lib/mine'])).code, 2);
  });

  it('sees this Node and Tessera, unchangeable', async () => {
    assert.equal(await onHost(one, process.execPath, '--print', 'process.version'), process.version);
    const file = fileURLToPath(import.meta.url);
    assert.equal((await one.exec(['ls', file])).code, 0);
    assert.match((await one.exec(['touch', file])).stderr, /Read-only file system/);
  });

  it('can be bare, as an installer finds a machine', async () => {
    const bare = testBedName('bare');
    try {
      const { hosts } = await Bed.create({ name: bare, hosts: 1, kind: 'full', share: [] });
      assert.equal((await hosts[0]?.exec(['ls', process.execPath]))?.code, 2);
    } finally {
      await Bed.destroy(bare);
    }
  });

  it('runs containers with limits from the registry, and reaches its neighbour', async () => {
    for (const host of bed.hosts) {
      const args = ['--detach', '--name', 'sleeper', '--memory', '32m', image, 'sleep', '3600'];
      await onHost(host, 'docker', 'run', ...args);
      assert.equal(await onHost(host, 'docker', 'ps', '--format', '{{.Names}}'), 'sleeper');
    }
    assert.ok(await reaches(one, two.ip));
    await one.cut(two);
    assert.equal(await reaches(one, two.ip), false);
    await one.heal(two);
    assert.ok(await reaches(one, two.ip));
  });

  it('keeps containers when dockerd is killed', async () => {
    const pidOf = (): Promise<string> => onHost(one, 'docker', 'inspect', '--format', '{{.State.Pid}}', 'sleeper');
    const pid = await pidOf();
    await one.killDocker();
    assert.notEqual((await one.exec(['docker', 'ps'])).code, 0);
    assert.equal((await one.exec(['test', '-d', `/proc/${pid}`])).code, 0);
    await one.startDocker();
    assert.equal(await pidOf(), pid);
  });

  it('loses all processes with the power, keeps the disk, and comes back', async () => {
    await one.powerOff();
    assert.equal(await one.isOn(), false);
    assert.equal(await reaches(two, one.ip), false);
    await one.powerOn();
    assert.equal(await ssh(one, 'ls', '/var/lib/mine'), '/var/lib/mine');
    assert.equal(await onHost(one, 'docker', 'ps', '--quiet'), '');
    assert.ok(await reaches(two, one.ip));
  });
});
