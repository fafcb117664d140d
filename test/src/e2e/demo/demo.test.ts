import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Bed } from '@tessera/bed';
import { SystemClock, until } from '@tessera/kit';
import { assertMachineClean, type MachineSnapshot, snapshotMachine } from '../../support/leftovers.js';
import { concerning } from '../../support/test-bed.js';

const PROJECT = fileURLToPath(new URL('../../../../', import.meta.url));
const CLUSTER = `demo-${process.pid}`;

/** What a new user types first, without its set-up: that has been done before any test runs. */
describe('the demo', () => {
  let config: string;
  let machine: MachineSnapshot;
  let hosts: string[];

  async function demo(...args: string[]): Promise<string> {
    const env = { ...process.env, TESSERA_DEMO_CLUSTER: CLUSTER, TESSERA_CONFIG_DIR: config };
    return (await promisify(execFile)(process.execPath, ['scripts/demo.mjs', ...args], { cwd: PROJECT, env })).stdout;
  }

  async function page(port: number, host: string | undefined, form?: string): Promise<string> {
    const init = form === undefined ? {} : { method: 'POST', body: form };
    const answer = await fetch(`http://${host}:${port}/`, { ...init, signal: AbortSignal.timeout(5_000) });
    assert.equal(answer.status, 200);
    return answer.text();
  }

  before(async () => {
    machine = await snapshotMachine();
    config = await mkdtemp(join(tmpdir(), 'tessera-demo-test-'));
  });

  after(async () => {
    await Bed.destroy(CLUSTER);
    await rm(config, { recursive: true, force: true });
  });

  it('ends well and says where to look', async () => {
    const out = await demo();
    hosts = (await Bed.open(CLUSTER)).hosts.map((host) => host.ip);
    assert.match(out, new RegExp(`http://${hosts[0]}:8080/ {3}a web page`));
  });

  it('serves the web page from all six replicas, whatever host is asked', async () => {
    const names = new Set<string>();
    for (let round = 0; round < 200 && names.size < 6; round++) {
      names.add(/Hostname: (\S+)/.exec(await page(8080, hosts[round % hosts.length]))?.[1] ?? '');
    }
    assert.equal(names.size, 6);
  });

  it('carries votes from the front end through queue and worker to the results', async () => {
    for (const host of hosts) assert.match(await page(8081, host, 'vote=a'), /vote a is counted/);
    await page(8081, hosts[0], 'vote=b');
    const counted = async (): Promise<boolean> => (await page(8082, hosts[1])).includes(`Cats ${hosts.length} : 1 Dogs`);
    await until(counted, { clock: new SystemClock(), what: 'the votes in the results', intervalMs: 100, limitMs: 20_000 });
  });

  it('is started again without harm', async () => {
    assert.match(await demo(), /a web page/);
    assert.match(await page(8082, hosts[2]), new RegExp(`Cats ${hosts.length} : 1 Dogs`));
  });

  it('leaves nothing behind', async () => {
    const network = `${hosts[0]?.split('.').slice(0, 3).join('.')}.0/24`;
    await demo('down');
    await assertMachineClean(machine, concerning(CLUSTER, network));
  });
});
