import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bed, type Host } from '@tessera/bed';
import { SystemClock, until } from '@tessera/kit';
import { assertMachineClean, diffMachine, type MachineSnapshot, snapshotMachine } from '../../support/leftovers.js';
import { commandOutput, concerning, onHost, outerAddress, provideBusybox, reaches, testBedName } from '../../support/test-bed.js';

const clock = new SystemClock();
const name = testBedName('light');

/** Ids of the containers that run in a host, in the words of its Docker. */
async function containers(host: Host): Promise<string[]> {
  return (await onHost(host, 'docker', 'ps', '--quiet', '--no-trunc')).split('\n').filter(Boolean);
}

/** How many processes of the whole machine belong to a container. */
async function processesOf(containerId: string): Promise<number> {
  const pids = (await readdir('/proc')).filter((entry) => /^\d+$/.test(entry));
  const groups = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')));
  return groups.filter((text) => text.includes(containerId)).length;
}

describe('a bed of three light hosts', () => {
  let machine: MachineSnapshot;
  let bed: Bed;
  let image: string;
  let one: Host;
  let two: Host;
  let three: Host;

  before(async () => {
    machine = await snapshotMachine();
    bed = await Bed.create({ name, hosts: 3 });
    [one, two, three] = bed.hosts as [Host, Host, Host];
    image = await provideBusybox(bed);
  });

  after(async () => {
    const network = bed?.machineAddress;
    await Bed.destroy(name);
    await assertMachineClean(machine, concerning(name, network));
  });

  async function runContainer(host: Host): Promise<string> {
    return onHost(host, 'docker', 'run', '--detach', '--memory', '32m', image, 'sleep', '3600');
  }

  it('shows in a snapshot of the machine, so that leftovers of it would', async () => {
    const { added } = diffMachine(machine, await snapshotMachine(), concerning(name, bed.machineAddress));
    const kinds = new Set(added.map((line) => line.split(' ')[0]));
    assert.deepEqual([...kinds].sort(), ['cgroup', 'claim', 'link', 'process', 'route', 'state']);
  });

  it('runs a container with limits on each host, in a Docker of its own', async () => {
    const ids = await Promise.all(bed.hosts.map(runContainer));
    for (const [i, host] of bed.hosts.entries()) assert.deepEqual(await containers(host), [ids[i]]);
    const limit = await onHost(one, 'cat', `/sys/fs/cgroup/memory/docker/${ids[0]}/memory.limit_in_bytes`).catch(() =>
      onHost(one, 'cat', `/sys/fs/cgroup/docker/${ids[0]}/memory.max`),
    );
    assert.equal(limit, String(32 * 1024 * 1024));
  });

  it('answers on each Docker socket from outside the host', async () => {
    for (const host of bed.hosts) {
      const args = ['-H', `unix://${host.dockerSocket}`, 'info', '--format', '{{.Name}}'];
      assert.equal(await commandOutput('docker', args), host.name);
    }
  });

  it('pulls from the registry', async () => {
    await onHost(three, 'docker', 'image', 'rm', '--force', image);
    await onHost(three, 'docker', 'pull', '--quiet', image);
    assert.equal(await onHost(three, 'docker', 'run', '--rm', image, 'echo', 'pulled'), 'pulled');
  });

  it('gives each host its name, address and files', async () => {
    assert.equal(await onHost(two, 'hostname'), 'node2');
    assert.match(await onHost(two, 'ip', '-4', '-o', 'addr', 'show', 'eth0'), new RegExp(`inet ${two.ip}/24`));
    await onHost(two, 'sh', '-c', 'mkdir -p /etc/tessera /var/lib/tessera && touch /etc/tessera/mine /var/lib/tessera/mine');
    assert.equal((await one.exec(['ls', '/etc/tessera/mine'])).code, 2);
    assert.equal(existsSync('/etc/tessera/mine'), false);
    assert.equal(existsSync('/var/lib/tessera/mine'), false);
  });

  it('is reached from the machine, and hosts reach each other', async () => {
    assert.ok(await reaches(one, two.ip));
    assert.ok(await reaches(two, bed.machineAddress));
    await commandOutput('ping', ['-c', '1', '-W', '1', three.ip]);
  });

  it('has no way to the outside unless asked', async () => {
    assert.equal(await reaches(one, await outerAddress()), false);
  });

  it('reaps orphans', async () => {
    await onHost(one, 'sh', '-c', '(true & true) & exit 0');
    const zombies = async (): Promise<string> => onHost(one, 'sh', '-c', 'ps -eo stat= | grep -c Z || true');
    await until(async () => (await zombies()) === '0', { clock, what: 'orphans to be reaped', limitMs: 20_000 });
  });

  it('cuts two hosts from each other and from nobody else, and heals', async () => {
    await one.cut(two);
    await one.cut(two);
    assert.equal(await reaches(one, two.ip), false);
    assert.ok(await reaches(one, three.ip));
    assert.ok(await reaches(two, three.ip));
    await two.heal(one);
    await two.heal(one);
    assert.ok(await reaches(one, two.ip));
  });

  it('unplugs and plugs a host', async () => {
    await three.unplug();
    assert.equal(await reaches(one, three.ip), false);
    await three.plug();
    await until(() => reaches(one, three.ip), { clock, what: 'node3 to be back', limitMs: 20_000 });
  });

  it('loses all processes with the power, keeps the disk, and comes back', async () => {
    const [running = ''] = await containers(two);
    assert.ok((await processesOf(running)) > 0);
    await onHost(two, 'docker', 'pause', running);
    await two.powerOff();
    await two.powerOff();
    assert.equal(await processesOf(running), 0);
    assert.equal(await two.isOn(), false);
    await assert.rejects(two.exec(['true']), /node2 is off/);
    assert.equal(await reaches(one, two.ip), false);

    await two.powerOn();
    assert.equal(await onHost(two, 'ls', '/var/lib/tessera/mine'), '/var/lib/tessera/mine');
    assert.deepEqual(await containers(two), []);
    await onHost(two, 'docker', 'start', running);
    assert.ok(await reaches(one, two.ip));
  });

  it('keeps containers when dockerd is killed', async () => {
    const [running = ''] = await containers(one);
    const pidOf = async (): Promise<string> => onHost(one, 'docker', 'inspect', '--format', '{{.State.Pid}}', running);
    const pid = await pidOf();
    await one.killDocker();
    assert.ok((await processesOf(running)) > 0);
    assert.notEqual((await one.exec(['docker', 'ps'])).code, 0);
    await one.startDocker();
    await one.startDocker();
    assert.equal(await pidOf(), pid);
  });

  it('passes input, environment, output and exit code to and from a command', async () => {
    const pieces: string[] = [];
    const result = await one.exec(['sh', '-c', 'cat; echo "$GREETING" >&2; exit 7'], {
      env: { GREETING: 'hello' },
      input: 'in',
      onOutput: (text, stream) => pieces.push(`${stream}:${text}`),
    });
    assert.deepEqual(result, { code: 7, stdout: 'in', stderr: 'hello\n' });
    assert.deepEqual(pieces.sort(), ['stderr:hello\n', 'stdout:in']);
  });

  it('ends a command that runs too long', async () => {
    await assert.rejects(one.exec(['sleep', '3599'], { timeoutMs: 200 }), /sleep 3599 did not end within 200 ms/);
    assert.equal((await one.exec(['pgrep', '-f', 'sleep 3599'])).code, 1);
  });

  it('runs daemons that can be signalled', async () => {
    const logFile = join(tmpdir(), `${name}.log`);
    const daemon = await one.spawn(['sh', '-c', 'trap "echo bye; exit 3" TERM; echo up; while :; do sleep 0.05; done'], { logFile });
    const log = (): Promise<string> => readFile(logFile, 'utf8');
    try {
      await until(async () => (await log()) === 'up\n', { clock, what: 'the daemon to be up', limitMs: 20_000 });
      assert.ok(await daemon.kill('SIGTERM'));
      assert.deepEqual(await daemon.exited, { code: 3, signal: null });
      assert.equal(await log(), 'up\nbye\n');
      assert.equal(await daemon.kill(), false);
    } finally {
      await rm(logFile);
    }
  });

  it('ends daemons with the program that started them, unless they are detached', async () => {
    const code = `
      import { Bed } from '@tessera/bed';
      const [host] = (await Bed.open('${name}')).hosts;
      for (const detached of [false, true]) {
        const seconds = detached ? '3597' : '3598';
        await host.spawn(['sleep', seconds], { logFile: '/dev/null', detached });
      }
      process.exit(0);`;
    await commandOutput(process.execPath, ['--input-type=module', '--eval', code]);
    const runs = async (seconds: string): Promise<boolean> => (await one.exec(['pgrep', '-x', '-f', `sleep ${seconds}`])).code === 0;
    await until(async () => !(await runs('3598')), { clock, what: 'the attended daemon to end', limitMs: 20_000 });
    assert.ok(await runs('3597'));
  });

  it('tells of a daemon that power loss has ended', async () => {
    const daemon = await three.spawn(['sleep', '3600'], { logFile: '/dev/null' });
    await three.powerOff();
    assert.deepEqual(await daemon.exited, { code: null, signal: 'SIGKILL' });
    await three.powerOn();
  });

  it('gets another host', async () => {
    const four = await bed.addHost();
    assert.equal(four.name, 'node4');
    assert.ok(await reaches(one, four.ip));
    assert.equal(await onHost(four, 'docker', 'run', '--rm', image, 'echo', 'hello'), 'hello');
    assert.equal((await Bed.open(name)).hosts.length, 4);
  });

  it('shows in the list, with its hosts on and off', async () => {
    await three.powerOff();
    const summary = (await Bed.list()).find((each) => each.name === name);
    assert.deepEqual(
      summary?.hosts.map(({ on }) => on),
      [true, true, false, true],
    );
    await three.powerOn();
  });

  it('refuses a second bed of its name and leaves the first alone', async () => {
    await assert.rejects(Bed.create({ name, hosts: 1 }), /exists already: "tsctl dev down/);
    assert.ok(await reaches(one, two.ip));
  });

  it('is not to be opened by a wrong name', async () => {
    await assert.rejects(Bed.open('no-such-bed'), /no development cluster "no-such-bed"/);
  });
});
