import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { JobDetail } from '@tessera/api';
import { SystemClock } from '@tessera/kit';
import { deployShop } from '../../support/shop.js';
import { eventually, TestCluster } from '../../support/test-cluster.js';

const LIMIT_MS = 30_000;
/** `flaky` fails until a file on its host tells it that it was there once. */
const COMPOSE = `services:
  flaky:
    image: \${WEB_IMAGE}
    command: [sh, -c, "if [ -e /tries/once ]; then echo worked; else touch /tries/once; echo failed; exit 3; fi"]
    volumes: ["\${TRIES}:/tries"]
    deploy:
      mode: replicated-job
      restart_policy: { delay: 200ms, max_attempts: 3 }
      placement: { constraints: ["node.hostname == \${NODE}"] }
  broken:
    image: \${WEB_IMAGE}
    command: [sh, -c, "echo no use; exit 7"]
    deploy:
      mode: replicated-job
      restart_policy: { delay: 200ms, max_attempts: 1 }
    x-schedule: "@yearly"
  tick:
    image: \${WEB_IMAGE}
    command: [sh, -c, "echo tick"]
    deploy: { mode: replicated-job }
    x-schedule: { cron: "*/2 * * * * *", timezone: Europe/Berlin, history: 4 }
`;

describe('jobs on real hosts', () => {
  let cluster: TestCluster;

  before(async () => {
    cluster = await TestCluster.create({ what: 'jobs', store: 'embedded', hosts: 2 });
    const host = cluster.host(0);
    const env = { NODE: host.name, TRIES: join(cluster.tsctl.folder, 'tries') };
    await deployShop(cluster, COMPOSE, ['--timeout', '180s'], env);
  });
  after(() => cluster?.destroy());

  const job = (name: string): Promise<JobDetail> => cluster.tsctl.json<JobDetail>('job', 'ls', name);

  it('are waited for by the deploy, retries included', async () => {
    const { runs } = await job('shop_flaky');
    assert.deepEqual(
      runs.map(({ number, cause, state, exitCode }) => [number, cause, state, exitCode]),
      [[1, 'deploy', 'complete', 0]],
    );
    const log = await cluster.tsctl.succeed(['job', 'logs', 'shop_flaky']);
    assert.match(log, /failed[\s\S]*worked/);
  });

  it('run again when asked, and end tsctl with 0 when they complete', async () => {
    const { code, stderr } = await cluster.tsctl.run(['job', 'run', 'shop_flaky', '--timeout', '180s']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /run 2 of shop_flaky completed/);
    const log = await cluster.tsctl.succeed(['job', 'logs', 'shop_flaky', '2']);
    assert.doesNotMatch(log, /failed/);
  });

  it('fail for good when no attempt is left, and end tsctl with their exit code', async () => {
    const { code, stderr } = await cluster.tsctl.run(['job', 'run', 'shop_broken', '--timeout', '180s']);
    assert.equal(code, 7, stderr);
    assert.match(stderr, /run 1 of shop_broken failed: 1 of 1 task failed for good: shop_broken.1 after 2 attempts/);
    assert.equal((await job('shop_broken')).runs[0]?.state, 'failed');
  });

  it('run at the times of their schedule, each time once, and are kept up to their history', async () => {
    await eventually(async () => ((await job('shop_tick')).runs[0]?.number ?? 0) >= 6, 'six runs by the schedule', LIMIT_MS);
    const { runs } = await job('shop_tick');
    assert.ok(runs.length <= 5, `${runs.length} runs are kept, the one under way included`);
    const times = runs.map(({ scheduledAt = 0 }) => scheduledAt);
    assert.ok(times.every((time) => time % 2_000 === 0));
    assert.equal(new Set(times).size, times.length);
    assert.ok(runs.filter(({ state }) => state !== 'running').every(({ state }) => state === 'complete'));
  });

  it('go on by their schedule after the manager was killed, without a second run for the same time', async () => {
    const before = (await job('shop_tick')).runs[0]?.number ?? 0;
    await cluster.manager.kill9();
    await cluster.manager.start();
    await eventually(
      async () => ((await job('shop_tick').catch(() => undefined))?.runs[0]?.number ?? 0) >= before + 2,
      'two more runs',
      LIMIT_MS,
    );
    const times = (await job('shop_tick')).runs.map(({ scheduledAt }) => scheduledAt);
    assert.equal(new Set(times).size, times.length);
  });

  it('start nothing while they are suspended', async () => {
    await cluster.tsctl.succeed(['job', 'suspend', 'shop_tick']);
    await eventually(async () => (await job('shop_tick')).runs[0]?.state !== 'running', 'the last run to end', LIMIT_MS);
    const [lastRun, clock] = [(await job('shop_tick')).runs[0]?.number, new SystemClock()];
    const until = clock.monotonic() + 5_000;
    await eventually(async () => clock.monotonic() > until, 'two times to come by', LIMIT_MS);
    const suspended = await job('shop_tick');
    assert.deepEqual([suspended.runs[0]?.number, suspended.suspended], [lastRun, true]);
    await cluster.tsctl.succeed(['job', 'resume', 'shop_tick']);
    await eventually(async () => (await job('shop_tick')).runs[0]?.number !== lastRun, 'a run after it was resumed', LIMIT_MS);
  });
});
