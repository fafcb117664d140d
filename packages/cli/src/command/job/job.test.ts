import assert from 'node:assert/strict';
import { ApiError, type JobDetail } from '@tessera/api';
import { aService, aTask, NOW } from '../../testing/builders.js';
import { FakeStream, FakeTransport } from '../../testing/fake-transport.js';
import { assertGolden, runCli } from '../../testing/run-cli.js';

type Run = JobDetail['runs'][number];
const service = aService('shop_backup', 'shop/backup:1', { mode: { kind: 'replicated-job', completions: 1, concurrency: 1 } });
const WATCH = 'GET /v1/watch?kinds=services,tasks,nodes';
const MINUTE = 60_000;

function aRun(number: number, state: Run['state'], over: Partial<Run> = {}): Run {
  const startedAt = NOW - 10 * MINUTE;
  const ended = state === 'running' ? {} : { finishedAt: startedAt + 90_000 };
  return { number, cause: 'deploy', specRevision: 1, templateHash: 'hash1', state, startedAt, ...ended, ...over };
}

function aJob(runs: Run[], over: Partial<JobDetail> = {}): JobDetail {
  return { serviceId: service.id, name: 'shop_backup', mode: 'replicated-job', image: 'shop/backup:1', suspended: false, runs, ...over };
}

const nightly: Partial<JobDetail> = {
  schedule: { cron: '0 3 * * *', timezone: 'Europe/Berlin', concurrency: 'forbid', missed: 'run-once', history: 10 },
  nextAt: NOW + 2 * 60 * MINUTE,
};
const failed = aRun(12, 'failed', { exitCode: 3, message: '1 of 1 task failed for good: shop_backup.1 after 7 attempts: exit code 3' });
const complete = aRun(11, 'complete', { exitCode: 0, cause: 'schedule', scheduledAt: NOW - 10 * MINUTE });

describe('tsctl job ls', () => {
  it('prints each job with its newest run', async () => {
    const jobs = [
      aJob([failed, complete], nightly),
      { ...aJob([aRun(1, 'running')]), name: 'shop_migrate' },
      { ...aJob([], { ...nightly, suspended: true }), name: 'shop_report' },
    ];
    const { code, out } = await runCli('job ls', new FakeTransport().on('GET /v1/jobs', jobs));
    assert.equal(code, 0);
    assertGolden('job-ls', out);
  });

  it('prints the runs of one job', async () => {
    const { out } = await runCli(
      'job ls shop_backup',
      new FakeTransport().on('GET /v1/jobs/shop_backup', aJob([failed, complete], nightly)),
    );
    assertGolden('job-ls-runs', out);
  });

  it('ends with 4 for a job that there is not', async () => {
    const transport = new FakeTransport().on('GET /v1/jobs/nope', new ApiError('not-found', 'no'));
    const { code, err } = await runCli('job ls nope', transport);
    assert.equal(code, 4);
    assert.match(err, /there is no job "nope"[\s\S]*tsctl job ls/);
  });
});

describe('tsctl job run', () => {
  const asked = (...runs: Run[]) =>
    new FakeTransport()
      .on('POST /v1/jobs/shop_backup/runs', { request: 4, job: aJob([complete]) })
      .on(`GET /v1/jobs/${service.id}`, ...runs.map((run) => aJob([run, complete])))
      .on(`GET /v1/tasks?service=${service.id}&all=true`, [aTask(service, 1, 'running', { run: 12 })])
      .onStream(WATCH, new FakeStream());

  it('waits for the run that answers it, says how it goes, and ends with 0 when it completed', async () => {
    const { code, err } = await runCli('job run shop_backup', asked(aRun(12, 'complete', { request: 4, exitCode: 0 })));
    assert.equal(code, 0);
    assert.match(err, /run 12 of shop_backup completed in 1m30s/);
  });

  it('ends with the exit code of what failed', async () => {
    const { code, err } = await runCli('job run shop_backup', asked({ ...failed, request: 4 }));
    assert.equal(code, 3);
    assert.match(err, /run 12 of shop_backup failed: 1 of 1 task failed for good[\s\S]*tsctl job logs shop_backup 12/);
  });

  it('does not wait with --detach', async () => {
    const transport = new FakeTransport().on('POST /v1/jobs/shop_backup/runs', { request: 4, job: aJob([]) });
    assert.equal((await runCli('job run --detach shop_backup', transport)).code, 0);
  });

  it('ends with 1 and the cure when a run is under way', async () => {
    const conflict = new ApiError('conflict', "run 3 of job 'shop_backup' is still under way", { cure: 'wait for it' });
    const { code, err } = await runCli('job run shop_backup', new FakeTransport().on('POST /v1/jobs/shop_backup/runs', conflict));
    assert.equal(code, 1);
    assert.match(err, /still under way[\s\S]*wait for it/);
  });
});

describe('tsctl job logs', () => {
  it('reads the newest run, or the one that is named', async () => {
    for (const [line, run] of [
      ['job logs shop_backup', 12],
      ['job logs shop_backup 11', 11],
    ] as const) {
      const stream = new FakeStream();
      stream.end();
      const route = `GET /v1/services/${service.id}/logs?follow=false&timestamps=true&run=${run}`;
      const transport = new FakeTransport().on('GET /v1/jobs/shop_backup', aJob([failed, complete])).onStream(route, stream);
      assert.equal((await runCli(line, transport)).code, 0);
    }
  });

  it('ends with 4 for a run that is not kept', async () => {
    const transport = new FakeTransport().on('GET /v1/jobs/shop_backup', aJob([failed]));
    assert.equal((await runCli('job logs shop_backup 3', transport)).code, 4);
  });
});

describe('tsctl job suspend, resume and stop', () => {
  it('say what they did', async () => {
    const transport = new FakeTransport()
      .on('POST /v1/jobs/shop_backup/suspend', aJob([], { ...nightly, suspended: true }))
      .on('POST /v1/jobs/shop_backup/resume', aJob([], nightly))
      .on('POST /v1/jobs/shop_backup/stop', aJob([]));
    const said = [];
    for (const verb of ['suspend', 'resume', 'stop']) said.push((await runCli(`job ${verb} shop_backup`, transport)).out);
    assert.deepEqual(said, [
      'shop_backup is suspended\n',
      'shop_backup is resumed, next run 2030-01-01T02:00:00.000Z\n',
      'the run of shop_backup is being stopped\n',
    ]);
  });
});
