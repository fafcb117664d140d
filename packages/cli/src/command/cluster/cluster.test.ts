import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeTransport } from '../../testing/fake-transport.js';
import { assertGolden, runCli } from '../../testing/run-cli.js';

describe('tsctl cluster', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tsctl-cluster-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('makes a cluster, its tokens and a context that is the current one', async () => {
    const { code, out, io } = await runCli(`cluster init --name prod --data-dir ${folder}/data --address 10.0.0.5 --port 4700`);
    assert.equal(code, 0);
    assert.match(out, /tessera-manager --data-dir \S+\/data --listen 0\.0\.0\.0:4700/);
    assert.match(out, /tessera-agent join --manager https:\/\/10\.0\.0\.5:4700 --token TSJ-1-w-/);
    const contexts = JSON.parse(io.contents.get('/config/contexts.json') ?? '');
    assert.equal(contexts.current, 'prod');
    assert.deepEqual(contexts.contexts.prod.endpoints, ['https://10.0.0.5:4700']);
    assert.ok((await readdir(join(folder, 'data'))).includes('cluster.json'));
    assert.equal((await stat(join(folder, 'data', 'pki', 'ca.key'))).mode & 0o777, 0o600);
  });

  it('overwrites no cluster', async () => {
    const line = `cluster init --data-dir ${folder}/data --address 10.0.0.5`;
    assert.equal((await runCli(line)).code, 0);
    const { code, err, io } = await runCli(line.replace('init', 'init --name other'));
    assert.equal(code, 2);
    assert.match(err, /holds a cluster already/);
    assert.ok(!(io.contents.get('/config/contexts.json') ?? '').includes('other'));
  });

  it('needs an address', async () => {
    assert.equal((await runCli(`cluster init --data-dir ${folder}/data`)).code, 2);
    assert.deepEqual(await readdir(folder), []);
  });

  it('tells about the cluster', async () => {
    const info = {
      name: 'prod',
      clusterId: 'c1',
      version: '0.1.0',
      store: 'embedded',
      leader: true,
      revision: 42,
      counts: { nodes: 3, nodesReady: 2, stacks: 1, services: 4, tasks: 9, tasksRunning: 8 },
    };
    assertGolden('cluster-info', (await runCli('cluster info', new FakeTransport().on('GET /v1/info', info))).out);
  });

  it('rotates the token of a role', async () => {
    const transport = new FakeTransport().on('POST /v1/tokens/manager/rotate', { token: 'TSJ-new' });
    assert.equal((await runCli('cluster token rotate manager', transport)).out, 'TSJ-new\n');
    assert.equal((await runCli('cluster token rotate king', transport)).code, 2);
  });
});
