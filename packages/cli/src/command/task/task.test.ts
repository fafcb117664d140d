import assert from 'node:assert/strict';
import { ApiError, type SourcedLogFrame } from '@tessera/api';
import { aNode, aService, aTask, NOW } from '../../testing/builders.js';
import { FakeStream, FakeTransport } from '../../testing/fake-transport.js';
import { assertGolden, passTimeUntil, runCli, startCli } from '../../testing/run-cli.js';

const web = aService('shop_web', 'registry.example.com/shop/web:1.2.3', {
  ports: [{ protocol: 'tcp', target: 80, published: 8080, mode: 'host' }],
});
const node = aNode('node1');
const absent = new ApiError('not-found', 'no');
const tasks = [
  aTask(web, 2, 'pending', { status: { state: 'pending', at: NOW - 5_000, message: '0/3 nodes: not enough memory' } }),
  aTask(web, 1, 'running', { nodeId: node.id }),
  aTask(web, 3, 'failed', {
    nodeId: node.id,
    templateHash: 'old',
    image: 'registry.example.com/shop/web:1.2.2',
    status: { state: 'failed', at: NOW, message: 'failed', error: 'exit\ncode 1' },
  }),
];

function cluster(): FakeTransport {
  return new FakeTransport().on('GET /v1/services', [web]).on('GET /v1/nodes', [node]);
}

describe('tsctl ps', () => {
  it('prints tasks by service and slot, with node, state, error and ports', async () => {
    const { code, out } = await runCli('ps', cluster().on('GET /v1/tasks?all=false', tasks));
    assert.equal(code, 0);
    assertGolden('ps', out);
  });

  it('tells of each task of a crash loop when it starts, which time this is, and why', async () => {
    const restart = { attempt: 6, reason: 'exit code 1: no database' };
    const state = (state: 'ready' | 'running', since = 0) => ({ state, at: NOW, message: '', runningAt: NOW - since });
    const loop = [
      aTask(web, 1, 'ready', { restart, startAfter: NOW + 39_500, status: { state: 'ready', at: NOW, message: 'ready' } }),
      aTask(web, 2, 'running', { restart, status: state('running') }),
      aTask(web, 3, 'running', { restart, status: state('running', 60_000) }),
      aTask(web, 4, 'running', { restart: { ...restart, attempt: 1 }, status: state('running') }),
    ];
    const { out } = await runCli('ps', cluster().on('GET /v1/tasks?all=false', loop));
    const errors = out
      .split('\n')
      .slice(1, 5)
      .map((line) => /(restart.*?)(?: {2}|$)/.exec(line)?.[1] ?? '');
    assert.deepEqual(errors, [
      'restarting in 40s, 6th time: exit code 1: no database',
      'restarted, 6th time: exit code 1: no database',
      '',
      '',
    ]);
  });

  it('says what a task on a node that is down waits for', async () => {
    const message = 'node node9 is down; waits at least until 2030-01-01T00:00:12.000Z before it is replaced, because x-partition: stop';
    const down = aNode('node9', { status: { state: 'down', message: '', at: NOW } });
    const transport = new FakeTransport().on('GET /v1/services', [web]).on('GET /v1/nodes', [down]);
    const task = aTask(web, 1, 'running', { nodeId: down.id, status: { state: 'running', at: NOW, message } });
    assert.ok((await runCli('ps', transport.on('GET /v1/tasks?all=false', [task]))).out.includes(message));
  });

  it('fits a terminal of 80 columns', async () => {
    const { out } = await runCli('ps --no-color', cluster().on('GET /v1/tasks?all=false', tasks), { terminal: true, columns: 80 });
    assertGolden('ps-80', out);
    for (const line of out.split('\n')) assert.ok(line.length <= 80, line);
  });

  it('takes the name of a stack', async () => {
    const transport = cluster()
      .on('GET /v1/stacks/shop', { stack: { name: 'shop' }, services: [], progress: [] })
      .on('GET /v1/tasks?stack=shop&all=true', tasks);
    const { out } = await runCli('ps -aq shop', transport);
    assert.deepEqual(out.trim().split('\n').sort(), tasks.map((task) => task.id).sort());
  });

  it('takes the name of a service', async () => {
    const transport = cluster()
      .on('GET /v1/stacks/shop_web', absent)
      .on('GET /v1/services/shop_web', { service: web, progress: {} })
      .on(`GET /v1/tasks?service=${web.id}&all=false`, tasks);
    assert.equal((await runCli('ps shop_web', transport)).code, 0);
  });

  it('ends with 4 when it is the name of neither', async () => {
    const transport = cluster().on('GET /v1/stacks/nope', absent).on('GET /v1/services/nope', absent);
    const { code, err } = await runCli('ps nope', transport);
    assert.equal(code, 4);
    assert.match(err, /there is no stack or service "nope"/);
  });
});

const LOGS = `GET /v1/services/${web.id}/logs?`;
const found = (): FakeTransport => new FakeTransport().on('GET /v1/services/shop_web', { service: web, progress: {} });

function line(slot: number, text: string, second: number, stream: 'stdout' | 'stderr' = 'stdout'): SourcedLogFrame {
  const at = `2030-01-01T00:00:0${second}.000000001Z`;
  return { taskId: `t${slot}`, serviceName: 'shop_web', slot, node: 'node1', frame: { type: 'line', stream, text, at } };
}

function streamOf(...frames: SourcedLogFrame[]): FakeStream {
  const stream = new FakeStream();
  stream.push(...frames);
  stream.end();
  return stream;
}

describe('tsctl logs', () => {
  it('prints lines with their task and node, each to the stream it came from', async () => {
    const stream = streamOf(line(1, 'one', 1), line(10, 'two', 2), line(1, 'oops', 3, 'stderr'));
    const { code, out, err } = await runCli('logs shop_web', found().onStream(`${LOGS}follow=false&timestamps=true`, stream));
    assert.equal(code, 0);
    assert.equal(out, 'shop_web.1@node1 | one\nshop_web.10@node1 | two\n');
    assert.equal(err, 'shop_web.1@node1  | oops\n');
  });

  it('prints times only when asked, and sends the bounds', async () => {
    const route = `${LOGS}follow=false&timestamps=true&since=${NOW - 600_000}&tail=5`;
    const { out } = await runCli('logs -t --tail 5 --since 10m shop_web', found().onStream(route, streamOf(line(1, 'one', 1))));
    assert.equal(out, 'shop_web.1@node1 | 2030-01-01T00:00:01.000000001Z one\n');
  });

  it('ends with 1 when the log of one task cannot be read, after printing the others', async () => {
    const lost: SourcedLogFrame = {
      taskId: 't2',
      serviceName: 'shop_web',
      slot: 2,
      node: 'node2',
      frame: { type: 'error', message: 'node2 is down' },
    };
    const { code, out, err } = await runCli(
      'logs shop_web',
      found().onStream(`${LOGS}follow=false&timestamps=true`, streamOf(lost, line(1, 'one', 1))),
    );
    assert.equal(code, 1);
    assert.match(err, /error: shop_web\.2@node2: node2 is down/);
    assert.match(out, /one/);
  });

  it('connects again while following, and repeats no line', async () => {
    const first = new FakeStream();
    first.push(line(1, 'one', 1));
    first.break(new ApiError('unavailable', 'the manager went away'));
    const resumed = Date.UTC(2030, 0, 1, 0, 0, 1);
    const transport = found()
      .onStream(`${LOGS}follow=true&timestamps=true&tail=9`, first)
      .onStream(`${LOGS}follow=true&timestamps=true&since=${resumed}`, streamOf(line(1, 'one', 1), line(1, 'two', 2)));
    const run = startCli('logs -f --tail 9 shop_web', transport);
    await passTimeUntil(run, () => run.io.out.includes('two'), 'the second line');
    assert.equal(await run.exit, 0);
    assert.equal(run.io.out, 'shop_web.1@node1 | one\nshop_web.1@node1 | two\n');
  });

  it('stops following at Ctrl-C without a complaint', async () => {
    const run = startCli('logs -f shop_web', found().onStream(`${LOGS}follow=true&timestamps=true`, new FakeStream()));
    await passTimeUntil(run, () => true, 'the start');
    run.io.interrupt();
    assert.equal(await run.exit, 130);
    assert.equal(run.io.err, '');
  });

  it('finds a task by service and slot, the newest of the slot', async () => {
    const older = aTask(web, 2, 'failed', { id: 'older', createdAt: NOW - 9_000_000 });
    const newest = aTask(web, 2, 'running');
    const transport = new FakeTransport()
      .on('GET /v1/services/shop_web.2', absent)
      .on('GET /v1/tasks/shop_web.2', absent)
      .on('GET /v1/tasks?service=shop_web&all=true', [older, newest])
      .onStream(`GET /v1/tasks/${newest.id}/logs?follow=false&timestamps=true`, streamOf(line(2, 'hi', 1)));
    assert.equal((await runCli('logs shop_web.2', transport)).out, 'shop_web.2@node1 | hi\n');
  });

  it('ends with 4 when there is neither service nor task', async () => {
    const transport = new FakeTransport().on('GET /v1/services/nope', absent).on('GET /v1/tasks/nope', absent);
    assert.equal((await runCli('logs nope', transport)).code, 4);
  });
});
