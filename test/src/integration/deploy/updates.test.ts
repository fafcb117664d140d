import assert from 'node:assert/strict';
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Release, Task } from '@tessera/api';
import { type Bed, writeBusyboxContext } from '@tessera/bed';
import { dockerLines, eventually, TestCluster } from '../../support/test-cluster.js';
import type { Run } from '../../support/tsctl.js';
import { provideWebImages } from '../../support/web-image.js';

const HOSTS = 3;
const REPLICAS = 3;
const LOOK_LIMIT_MS = 20_000;
/** Managers start anew, one of them leads, and a rollback goes through all of its steps. */
const RECOVERY_LIMIT_MS = 60_000;

interface Web {
  image: string;
  action?: 'pause' | 'rollback';
  replicas?: number;
  /** Further lines of the service. */
  lines?: string[];
  update?: string;
}

/** One service `web` of a stack, updated start-first and watched for a second. */
function compose({ image, action = 'rollback', replicas = REPLICAS, lines = [], update = '' }: Web, rest = ''): string {
  const config = `{ order: start-first, monitor: 1s${update} }`;
  return [
    'services:',
    '  web:',
    `    image: ${image}`,
    '    stop_grace_period: 1s',
    ...lines.map((line) => `    ${line}`),
    '    deploy:',
    `      replicas: ${replicas}`,
    '      restart_policy: { delay: 200ms }',
    `      update_config: ${config.replace(' }', `, failure_action: ${action} }`)}`,
    `      rollback_config: ${config}`,
    rest,
  ].join('\n');
}

describe('Updates on real hosts', () => {
  let cluster: TestCluster;
  let [v1, v2] = ['', ''];

  before(async () => {
    cluster = await TestCluster.create({ what: 'updates', store: 'etcd', hosts: HOSTS, managers: 2 });
    [v1 = '', v2 = ''] = await provideWebImages(cluster.bed, ['v1', 'v2']);
  });
  after(() => cluster?.destroy());
  afterEach(() => cluster.tsctl.run(['rm', 'shop', '--timeout', '180s']));

  async function deploy(text: string, ...options: string[]): Promise<Run> {
    await writeFile(join(cluster.tsctl.folder, 'compose.yml'), text);
    return cluster.tsctl.run(['deploy', 'shop', ...options]);
  }
  async function deployed(text: string): Promise<void> {
    const { code, stderr } = await deploy(text);
    assert.equal(code, 0, stderr);
  }
  const running = async (): Promise<Task[]> =>
    (await cluster.client.call('listTasks', { query: { stack: 'shop' } })).filter(({ status }) => status.state === 'running');
  const images = async (): Promise<string[]> => (await running()).map(({ image = '' }) => image).sort();
  const history = async (): Promise<string[]> =>
    (await cluster.tsctl.json<Release[]>('history', 'shop')).map(({ number, outcome }) => `${number} ${outcome.state}`);

  /** Runs a command in the container of a running task. */
  async function inTask(task: Task, ...argv: string[]): Promise<string> {
    const node = await cluster.client.call('getNode', { params: { ref: task.nodeId ?? '' } });
    const host = cluster.bed.hosts.find(({ name }) => name === node.name)!;
    return (await dockerLines(host, 'exec', task.status.containerId ?? '', ...argv)).join('\n');
  }

  const failures: [what: string, change: (good: string) => Web, says: RegExp][] = [
    ['an image that does not exist', (good) => ({ image: good.replace(/:[^:]*$/, ':nope') }), /is not in registry/],
    [
      'a health check that fails',
      () => ({ image: v2, lines: ['healthcheck: { test: ["CMD", "false"], interval: 300ms, retries: 1 }'] }),
      /unhealthy/,
    ],
    ['a program that crashes', () => ({ image: v2, lines: ['command: ["sh", "-c", "exit 3"]'] }), /exit code 3/],
  ];
  for (const [what, change, says] of failures) {
    it(`end ${what} in a rollback, all old tasks running, and exit code 6`, async () => {
      await deployed(compose({ image: v1 }));
      const before = (await running()).map(({ id }) => id).sort();
      const { code, stderr } = await deploy(compose({ ...change(v1) }));
      assert.equal(code, 6, stderr);
      assert.match(stderr, says);
      assert.deepEqual((await running()).map(({ id }) => id).sort(), before, 'start-first: nothing of the old was touched');
      assert.deepEqual(await history(), ['2 failed', '1 completed']);
    });

    it(`end ${what} in a pause and exit code 7 when that is asked for; abort brings the old back`, async () => {
      await deployed(compose({ image: v1, action: 'pause' }));
      const { code, stderr } = await deploy(compose({ ...change(v1), action: 'pause' }));
      assert.equal(code, 7, stderr);
      assert.match(stderr, says);
      await cluster.tsctl.succeed(['update', 'abort', 'shop_web']);
      assert.deepEqual(await images(), Array(REPLICAS).fill(v1));
    });
  }

  it('end what has no place at its deadline with exit code 8 and the reason', async () => {
    await deployed(compose({ image: v1, action: 'pause' }));
    const lines = ['x-progress-deadline: 3s', 'mem_reservation: 900g'];
    const { code, stderr } = await deploy(compose({ image: v2, action: 'pause', lines }));
    assert.equal(code, 8, stderr);
    assert.match(stderr, /1 of 3 slots did not come up within 3s \(slot 1\): .*memory/);
    assert.deepEqual(await images(), Array(REPLICAS).fill(v1));
  });

  it('end a first deploy that has no place at its deadline with exit code 8', async () => {
    const { code, stderr } = await deploy(compose({ image: v1, lines: ['x-progress-deadline: 2s', 'mem_reservation: 900g'] }));
    assert.equal(code, 8, stderr);
    assert.match(stderr, /did not come up within 2s: shop_web\.\d: .*memory/);
  });

  it('stop at a canary with exit code 0, and go on when it is promoted', async () => {
    await deployed(compose({ image: v1 }));
    const { code, stderr } = await deploy(compose({ image: v2, lines: ['x-canary: 1'] }));
    assert.equal(code, 0, stderr);
    assert.match(stderr, /shop_web stands as a canary: 1 of 3 slots/);
    assert.deepEqual(await images(), [v1, v1, v2]);
    await cluster.tsctl.succeed(['update', 'promote', 'shop']);
    assert.deepEqual(await images(), Array(REPLICAS).fill(v2));
  });

  it('pause and resume as the user says', async () => {
    await deployed(compose({ image: v1 }));
    await deploy(compose({ image: v2, update: ', delay: 3s' }), '--detach');
    await eventually(async () => (await images()).includes(v2), 'the first new task', LOOK_LIMIT_MS);
    await cluster.tsctl.succeed(['update', 'pause', 'shop_web']);
    const waiting = await cluster.tsctl.run(['deploy', 'shop']);
    assert.equal(waiting.code, 7, waiting.stderr);
    assert.match(waiting.stderr, /update paused by admin/);
    assert.ok((await images()).includes(v1));
    await cluster.tsctl.succeed(['update', 'resume', 'shop_web']);
    assert.deepEqual(await images(), Array(REPLICAS).fill(v2));
  });

  it('replace the tasks of exactly the services whose config changed (moby/moby 35048, 29882: configs cannot be changed)', async () => {
    const api = ['  api:', `    image: ${v1}`, '    stop_grace_period: 1s', ''].join('\n');
    const text = (content: string): string =>
      compose({ image: v1, replicas: 1, lines: ['configs: [conf]'] }, `${api}configs: { conf: { content: "${content}" } }\n`);
    await deployed(text('one'));
    const before = await running();
    await deployed(text('two'));
    const after = await running();
    const idOf = (tasks: Task[], name: string): string | undefined => tasks.find(({ serviceName }) => serviceName === name)?.id;
    assert.equal(idOf(after, 'shop_api'), idOf(before, 'shop_api'));
    assert.notEqual(idOf(after, 'shop_web'), idOf(before, 'shop_web'));
    assert.equal(await inTask(after.find(({ serviceName }) => serviceName === 'shop_web')!, 'cat', '/conf'), 'two');
    await cluster.tsctl.succeed(['rollback', 'shop', '1']);
    const back = (await running()).find(({ serviceName }) => serviceName === 'shop_web')!;
    assert.equal(await inTask(back, 'cat', '/conf'), 'one');
  });

  it('give a task of the old spec the old config when it is restarted during a paused update', async () => {
    const text = (image: string, content: string): string =>
      compose({ image, action: 'pause', replicas: 2, lines: ['configs: [conf]'] }, `configs: { conf: { content: "${content}" } }\n`);
    await deployed(text(v1, 'one'));
    assert.equal((await deploy(text(v1.replace(/:[^:]*$/, ':nope'), 'two'))).code, 7);
    const [old] = await running();
    const killed = await cluster.client.call('getNode', { params: { ref: old?.nodeId ?? '' } });
    await dockerLines(cluster.bed.hosts.find(({ name }) => name === killed.name)!, 'kill', old?.status.containerId ?? '');
    const restarted = await eventually(
      async () => (await running()).find(({ slot, id }) => slot === old?.slot && id !== old?.id),
      'the old task to be restarted',
      LOOK_LIMIT_MS,
    );
    assert.equal(await inTask(restarted, 'cat', '/conf'), 'one');
  });

  it('pin a tag to the image that it means, and notice at the next deploy that it has moved', async () => {
    const moving = await pushMoving(cluster.bed, 'one');
    const text = compose({ image: moving });
    const said = async (): Promise<string[]> => Promise.all((await running()).map((task) => inTask(task, 'sh', '-c', 'echo "$MOVED"')));
    await deployed(text);
    await pushMoving(cluster.bed, 'two');
    await cluster.tsctl.succeed(['scale', 'shop_web=4']);
    assert.deepEqual(await said(), Array(4).fill('one'));
    const unchanged = await deploy(text, '--resolve-image', 'changed');
    assert.equal(unchanged.code, 0, unchanged.stderr);
    assert.deepEqual(await said(), Array(REPLICAS).fill('one'));
    await deployed(text);
    assert.deepEqual(await said(), Array(REPLICAS).fill('two'));
    await cluster.tsctl.succeed(['rollback', 'shop', '1']);
    assert.deepEqual(await said(), Array(REPLICAS).fill('one'));
    await cluster.tsctl.succeed(['service', 'update', '--image', moving, 'shop_web']);
    assert.deepEqual(await said(), Array(REPLICAS).fill('two'));
  });

  it('take a whole stack back when one service of an atomic deploy fails (moby/moby 34712), though nobody waits for it', async () => {
    const text = (web: string, api: string): string =>
      compose({ image: web, action: 'pause' }, ['  api:', `    image: ${api}`, '    stop_grace_period: 1s', ''].join('\n'));
    await deployed(text(v1, v1));
    const bad = v1.replace(/:[^:]*$/, ':nope');
    const { code, stderr } = await deploy(text(v2, bad), '--atomic');
    assert.equal(code, 6, stderr);
    assert.match(stderr, /release 2 of shop was rolled back/);
    assert.deepEqual(await images(), Array(REPLICAS + 1).fill(v1));
    await deploy(text(v2, bad), '--atomic', '--detach');
    const states = ['5 completed', '4 rolled-back', '3 completed', '2 rolled-back', '1 completed'];
    await eventually(async () => (await history()).join() === states.join(), 'the second one to be taken back', LOOK_LIMIT_MS);
    assert.deepEqual(await images(), Array(REPLICAS + 1).fill(v1));
  });

  it('go on when the leader is killed in the middle, and end as if nothing had been', async () => {
    await deployed(compose({ image: v1, replicas: 6 }));
    await deploy(compose({ image: v2, replicas: 6, update: ', delay: 500ms' }), '--detach');
    await eventually(async () => (await images()).includes(v2), 'the first new task', LOOK_LIMIT_MS);
    await cluster.manager.kill9();
    const { code, stderr } = await cluster.tsctl.run(['deploy', 'shop']);
    await cluster.manager.start();
    assert.equal(code, 0, stderr);
    assert.deepEqual(await images(), Array(6).fill(v2));
    await cluster.agree();
    assert.deepEqual(await history(), ['2 completed', '1 completed']);
  });

  it('go on when both managers are killed in the middle of a rollback', async () => {
    await deployed(compose({ image: v1, replicas: 4, action: 'pause' }));
    await deploy(compose({ image: v2, replicas: 4, update: ', delay: 500ms' }), '--detach');
    await eventually(async () => (await images()).filter((image) => image === v2).length >= 2, 'two new tasks', LOOK_LIMIT_MS);
    await cluster.tsctl.succeed(['rollback', 'shop', '1', '--detach']);
    await Promise.all(cluster.managers.map((manager) => manager.kill9()));
    await Promise.all(cluster.managers.map((manager) => manager.start()));
    await eventually(async () => (await images().catch(() => [])).join() === Array(4).fill(v1).join(), 'the old to run', RECOVERY_LIMIT_MS);
    await eventually(async () => (await history())[0] === '3 completed', 'the release to be completed', LOOK_LIMIT_MS);
  });
});

/** Pushes an image that knows its content under a tag that is always the same. @returns the image's name. */
async function pushMoving(bed: Bed, content: string): Promise<string> {
  const context = await mkdtemp(join(tmpdir(), 'moving-image-'));
  try {
    await writeBusyboxContext(context);
    await appendFile(join(context, 'Dockerfile'), `ENV MOVED=${content}\nCMD ["sh", "-c", "trap 'exit 0' TERM; sleep 1000000 & wait"]\n`);
    return await bed.buildAndPush({ context, tag: 'moving:1' });
  } finally {
    await rm(context, { recursive: true });
  }
}
