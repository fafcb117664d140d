import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Bed } from '@tessera/bed';
import { SystemClock, until } from '@tessera/kit';
import { assertMachineClean, type MachineSnapshot, snapshotMachine } from '../../support/leftovers.js';
import { concerning, onHost, testBedName } from '../../support/test-bed.js';

const MAKER = fileURLToPath(new URL('../../support/bed-maker.js', import.meta.url));
const HOSTS = 2;

/** Starts making a bed in another process. @param onLine gets each step as it is done. */
function make(name: string, onLine: (line: string, maker: ChildProcess) => void): ChildProcess {
  const maker = spawn(process.execPath, [MAKER, name, String(HOSTS)], { stdio: ['ignore', 'pipe', 'inherit'] });
  createInterface({ input: maker.stdout }).on('line', (line) => onLine(line, maker));
  return maker;
}

describe('a bed whose maker is killed', () => {
  const name = testBedName('crash');
  let machine: MachineSnapshot;

  beforeEach(async () => {
    machine = await snapshotMachine();
  });

  afterEach(() => Bed.destroy(name));

  const points = ['begin', 'bed: network', 'bed: LAN is up', 'bed: registry is up', 'node'];
  for (const point of points) {
    it(`leaves nothing behind after its removal: killed at "${point}"`, async () => {
      let network: string | undefined;
      const maker = make(name, (line) => {
        network = /network (\S+)/.exec(line)?.[1] ?? network;
        if (line.startsWith(point)) maker.kill('SIGKILL');
      });
      const [, signal] = await once(maker, 'close');
      assert.equal(signal, 'SIGKILL');
      await Bed.destroy(name);
      await Bed.destroy(name);
      await assertMachineClean(machine, concerning(name, network));
    });
  }

  it('can be made again under the same name after its removal', async () => {
    const maker = make(name, (line) => void (line === 'bed: LAN is up' && maker.kill('SIGKILL')));
    await once(maker, 'close');
    await assert.rejects(Bed.create({ name, hosts: 1 }), /exists already/);
    await Bed.destroy(name);
    const bed = await Bed.create({ name, hosts: 1 });
    assert.equal(bed.hosts.length, 1);
  });

  it('is whole in another process when it was made before the kill', async () => {
    const maker = make(name, (line) => void (line === 'made' && maker.kill('SIGKILL')));
    await once(maker, 'close');
    const bed = await Bed.open(name);
    for (const host of bed.hosts) assert.equal(await onHost(host, 'hostname'), host.name);
    const network = bed.machineAddress;
    await Bed.destroy(name);
    await assertMachineClean(machine, concerning(name, network));
  });
});

describe('a bed whose maker is killed while it builds the Debian tree of full hosts', () => {
  const name = testBedName('tree');
  const savedDir = process.env.TESSERA_DEV_DIR;
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'bed-tree-'));
    process.env.TESSERA_DEV_DIR = dir;
  });

  afterEach(async () => {
    await Bed.destroy(name);
    if (savedDir === undefined) delete process.env.TESSERA_DEV_DIR;
    else process.env.TESSERA_DEV_DIR = savedDir;
    await rm(dir, { recursive: true });
  });

  it('leaves neither processes nor half a tree after its removal', async () => {
    const machine = await snapshotMachine();
    const maker = spawn(process.execPath, [MAKER, name, '1', 'full'], { stdio: 'ignore' });
    const unpacked = async (): Promise<boolean> => {
      const [partial] = await readdir(join(dir, 'base')).catch(() => []);
      return partial !== undefined && existsSync(join(dir, 'base', partial, 'usr/bin/dpkg'));
    };
    await until(unpacked, { clock: new SystemClock(), what: 'debootstrap to unpack dpkg', limitMs: 100_000 });
    maker.kill('SIGKILL');
    await once(maker, 'close');
    await assertMachineClean(machine, (line) => line.startsWith('process') && line.includes(dir));
    await Bed.destroy(name);
    assert.deepEqual(await readdir(join(dir, 'base')), []);
    await assertMachineClean(machine, (line) => line.includes(dir) || line.includes(name));
  });
});

describe('a bed that cannot be finished', () => {
  const name = testBedName('abort');

  afterEach(() => Bed.destroy(name));

  it('is removed when its making is aborted, at each step', async () => {
    const machine = await snapshotMachine();
    for (const step of [0, 1, 2, 3]) {
      const abort = new AbortController();
      let steps = 0;
      let network: string | undefined;
      const onProgress = ({ message }: { message: string }): void => {
        network = /network (\S+)/.exec(message)?.[1] ?? network;
        if (steps++ === step) abort.abort(new Error('interrupted by the user'));
      };
      await assert.rejects(Bed.create({ name, hosts: HOSTS, signal: abort.signal, onProgress }), /interrupted by the user/);
      await assertMachineClean(machine, concerning(name, network));
    }
  });

  it('is refused before anything is made when the number of hosts is none', async () => {
    await assert.rejects(Bed.create({ name, hosts: 0 }), /0 hosts: a cluster has 1 to 200/);
    await assert.rejects(Bed.create({ name, hosts: 1.5 }), /1.5 hosts/);
    await assert.rejects(Bed.create({ name: 'a/b', hosts: 1 }), /cluster name "a\/b"/);
  });
});

describe('two beds made at once', () => {
  const names = [testBedName('pair-a'), testBedName('pair-b')];

  afterEach(() => Promise.all(names.map((name) => Bed.destroy(name))));

  it('have networks of their own, and the removal of one leaves the other alone', async () => {
    const [a, b] = await Promise.all(names.map((name) => Bed.create({ name, hosts: 1 })));
    assert.ok(a && b);
    assert.notEqual(a.registry.address, b.registry.address);
    await Bed.destroy(a.name);
    const [host] = b.hosts;
    assert.ok(host);
    assert.equal(await onHost(host, 'docker', 'info', '--format', '{{.Name}}'), 'node1');
  });
});
