import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Bed, type Host } from '@tessera/bed';
import { SystemClock, until } from '@tessera/kit';
import { assertMachineClean, type MachineSnapshot, snapshotMachine } from '../../support/leftovers.js';
import { concerning, testBedName } from '../../support/test-bed.js';

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url));
const UNITS = ['tessera-manager', 'tessera-agent'] as const;
const PROGRAMS = { tsctl: 'cli', 'tessera-manager': 'manager', 'tessera-agent': 'agent' };
/** The first run on a machine builds the Debian tree, which takes a minute on an idle one. */
const FIRST_RUN_LIMIT_MS = 600_000;
const LIMIT_MS = 30_000;
const name = testBedName('unit');

describe('The units for systemd', function () {
  this.timeout(90_000);
  let machine: MachineSnapshot;
  let bed: Bed;
  let host: Host;

  /** What a shell command on the host prints. */
  async function shell(script: string, input?: string): Promise<string> {
    // systemctl answers with other codes than 0 for states that a test asks for.
    const { stdout, stderr } = await host.exec(['sh', '-c', `export HOME=/root; ${script}`], input === undefined ? {} : { input });
    return `${stdout}${stderr}`.trim();
  }

  async function eventually(script: string, expected: RegExp): Promise<void> {
    let last = '';
    const matches = async (): Promise<boolean> => expected.test((last = await shell(script)));
    await until(matches, { clock: new SystemClock(), what: `"${script}" to print ${expected}`, limitMs: LIMIT_MS }).catch(
      (error: Error) => {
        throw new Error(`${error.message}; it prints: ${last}`);
      },
    );
  }

  before(async function () {
    this.timeout(FIRST_RUN_LIMIT_MS);
    machine = await snapshotMachine();
    bed = await Bed.create({ name, hosts: 1, kind: 'full' });
    [host] = bed.hosts as [Host];
    for (const unit of UNITS) {
      await shell(`cat > /etc/systemd/system/${unit}.service`, await readFile(`${ROOT}deploy/systemd/${unit}.service`, 'utf8'));
    }
    // The programs lie in the checkout here, which the manager's sandbox hides when it is below /tmp or a home.
    const open = '[Service]\nPrivateTmp=no\nProtectHome=no\n';
    await shell('mkdir /etc/systemd/system/tessera-manager.service.d');
    await shell('cat > /etc/systemd/system/tessera-manager.service.d/checkout.conf', open);
    for (const [program, folder] of Object.entries(PROGRAMS)) {
      await shell(`ln -s ${ROOT}packages/${folder}/bin/${program}.js /usr/local/bin/${program}`);
    }
    // The programs look for "node" in systemd's own path.
    await shell(`command -v node || ln -s ${dirname(process.execPath)}/node /usr/local/bin/node; systemctl daemon-reload`);
  });

  after(async () => {
    const network = bed?.machineAddress;
    await Bed.destroy(name);
    await assertMachineClean(machine, concerning(name, network));
  });

  it('are understood by systemd without a complaint', async () => {
    assert.equal(await shell('systemd-analyze verify tessera-manager.service tessera-agent.service'), '');
  });

  it('start nothing on a host that has no cluster', async () => {
    await shell('systemctl start tessera-manager tessera-agent');
    assert.equal(await shell('systemctl is-active tessera-manager tessera-agent'), 'inactive\ninactive');
  });

  it('run a manager and an agent, with options from their files', async () => {
    await shell(`tsctl cluster init --name unit --address ${host.ip}; systemctl start tessera-manager`);
    await eventually('tsctl cluster info', /Manager:.*leads/);
    const token = await shell('tsctl cluster token rotate worker');
    assert.match(await shell(`TESSERA_JOIN_TOKEN=${token} tessera-agent join --manager https://${host.ip}:4600`), /joined as node/);
    await shell("mkdir -p /etc/tessera; echo 'TESSERA_AGENT_OPTIONS=--label disk=ssd --resource gpu=2' > /etc/tessera/agent.env");
    await shell('systemctl start tessera-agent');
    await eventually('tsctl node ls', /node1 +ready/);
    assert.match(await shell('tsctl node inspect node1'), /"kind": "gpu",\s+"count": 2/);
  });

  it('bring both back when they are killed', async () => {
    await shell('systemctl kill -s KILL tessera-manager; systemctl kill -s KILL tessera-agent');
    await eventually('systemctl show -p NRestarts --value tessera-manager tessera-agent', /^1\s+1$/);
    await eventually('systemctl is-active tessera-manager tessera-agent', /^active\s+active$/);
    await eventually('tsctl node ls', /node1 +ready/);
  });

  it('end both cleanly, and keep the files of running tasks', async () => {
    await shell('echo kept > /run/tessera/probe; systemctl stop tessera-agent tessera-manager');
    assert.equal(await shell('systemctl is-failed tessera-agent tessera-manager'), 'inactive\ninactive');
    assert.equal(await shell('cat /run/tessera/probe'), 'kept');
  });
});
