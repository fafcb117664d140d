import assert from 'node:assert/strict';
import type { Finding, ServiceSpec, Task } from '@tessera/api';
import { readyNode, serviceSpec } from '../../model/testing/builders.js';
import { obey, running } from '../testing/agents.js';
import { World } from '../testing/world.js';
import type { Target } from './finding.js';
import { explain } from './index.js';

const GIB = 1024 ** 3;

function cluster(...ids: string[]): World {
  const world = new World();
  for (const id of ids) world.putNode(readyNode(id));
  return world;
}

function why(world: World, target: Target): string[] {
  return explain(world.view, target, world.now).findings.map(words);
}

function words({ code, level, about, text, details, cure }: Finding): string {
  const more = [...details, ...(cure === undefined ? [] : [`cure: ${cure}`])];
  return `${level} ${code} ${about.join(',')}: ${text}${more.map((line) => ` | ${line}`).join('')}`;
}

const service = (world: World, name = 'web'): Target => ({ kind: 'service', object: world.view.byName('services', name)! });
const node = (world: World, id: string): Target => ({ kind: 'node', object: world.view.get('nodes', id)! });
const task = (object: Task): Target => ({ kind: 'task', object });
const large = (spec: ServiceSpec): void => void (spec.template.reservations.memoryBytes = 100 * GIB);

describe('Why a service is not as asked (moby/moby 35849, 32999: tasks stuck in pending without a reason)', () => {
  it('finds nothing when all runs', () => {
    const world = cluster('a');
    world.deploy(serviceSpec('web', 2));
    obey(world);
    const answer = explain(world.view, service(world), world.now);
    assert.deepEqual([answer.summary, answer.findings], ['2 of 2 tasks run as asked', []]);
  });

  it('says of tasks without a node which rule turns which nodes away, since when it counts as failure, and what helps', () => {
    const world = cluster('a', 'b', 'c');
    world.setNode('b', (each) => void (each.spec.labels = { disk: 'ssd' }));
    world.setNode('c', (each) => void (each.spec.availability = 'pause'));
    world.deploy(
      serviceSpec('web', 2, (spec) => {
        large(spec);
        spec.placement.constraints = ['node.labels.disk==ssd'];
        spec.progressDeadlineMs = 600_000;
      }),
    );
    world.settle();
    world.now += 60_000;
    const [found, ...others] = explain(world.view, service(world), world.now).findings;
    assert.deepEqual(others, []);
    assert.deepEqual([found?.code, found?.level, found?.about], ['unplaceable', 'problem', ['web.1', 'web.2']]);
    assert.match(found?.text ?? '', /^no node takes it: 0\/3 nodes: /);
    assert.deepEqual(
      found?.details
        .slice(0, 3)
        .map((line) => line.split(':')[0])
        .sort(),
      ['a', 'b', 'c'],
    );
    assert.match(found?.details.join('\n') ?? '', /b: not enough memory \(need 100 GiB/);
    assert.equal(found?.details.at(-1), 'counts as failed in 9m (x-progress-deadline 10m)');
    assert.ok(found?.cure);
  });

  it('says of tasks that may go to one node only why that one does not take them', () => {
    const world = cluster('a', 'b');
    world.setNode('b', (each) => void (each.description!.resources.memoryBytes = 1));
    world.deploy(
      serviceSpec('web', 0, (spec) => {
        spec.mode = { kind: 'global' };
        spec.template.reservations.memoryBytes = GIB;
      }),
    );
    obey(world);
    const [found] = explain(world.view, service(world), world.now).findings;
    assert.match(found?.text ?? '', /^may go to b only, which does not take it: not enough memory/);
    assert.match(found?.cure ?? '', /reserve less/);
  });

  it('says that there are no nodes', () => {
    const world = cluster();
    world.deploy(serviceSpec('web', 1));
    world.settle();
    assert.match(
      why(world, service(world))[0] ?? '',
      /^problem unplaceable web.1: no node takes it: .*cluster has no nodes.*cure: join a node/,
    );
  });

  it('says what a service waits for before it starts, and where to ask on', () => {
    const world = cluster('a');
    world.deploy(serviceSpec('db', 1, large));
    world.deploy(
      serviceSpec('web', 1, (spec) => {
        spec.dependsOn = [{ service: 'db', condition: 'service_healthy', required: true, restart: false }];
      }),
    );
    world.settle();
    assert.match(why(world, service(world))[0] ?? '', /^waiting dependency web.1: waiting for db: 0 of 1 task healthy.*tsctl why db/);
  });

  it('says when a crashed task restarts, which time, and what ended the last one', () => {
    const world = cluster('a');
    world.deploy(serviceSpec('web', 1, (spec) => void (spec.template.restart.delayMs = 40_000)));
    obey(world);
    world.report(running(world, 'web')[0]!.id, 'failed', { error: 'exit 1: no such table', exitCode: 1, finishedAt: world.now });
    world.settle();
    assert.deepEqual(why(world, service(world))[0]?.split(' | ').slice(0, 2), [
      'waiting back-off web.1: restarts in 40s, the 1st time in a row',
      'the last one ended so: exit 1: no such table',
    ]);
  });

  it('says that the restart policy lets no attempt through', () => {
    const world = cluster('a');
    world.deploy(serviceSpec('web', 1, (spec) => void (spec.template.restart.condition = 'none')));
    obey(world);
    world.report(running(world, 'web')[0]!.id, 'failed', { error: 'exit 2', finishedAt: world.now });
    world.settle();
    assert.match(
      why(world, service(world))[0] ?? '',
      /^problem no-restart web.1: ended \(failed\) and is not restarted: restart condition is none/,
    );
  });

  it('says that an update is paused, why, and how to go on or back', () => {
    const world = cluster('a');
    world.deploy(serviceSpec('web', 2));
    obey(world);
    world.deploy(serviceSpec('web', 2, (spec) => void (spec.template.container.image = 'bad:1')));
    world.settle();
    for (let round = 0; round < 5 && world.view.byName('services', 'web')!.update?.state !== 'paused'; round++) {
      obey(world, (each) => each.image !== 'bad:1');
      const fresh = world.tasks('web').find((each) => each.image === 'bad:1' && each.status.state === 'assigned');
      if (fresh) world.report(fresh.id, 'rejected', { error: 'no such image', finishedAt: world.now });
      world.settle();
    }
    const [found] = explain(world.view, service(world), world.now).findings;
    assert.equal(found?.code, 'update-paused');
    assert.match(found?.text ?? '', /no such image/);
    assert.match(found?.cure ?? '', /tsctl update resume web.*tsctl update abort web/);
  });

  it('says how autoscaling came to the number of tasks', () => {
    const world = cluster('a');
    world.deploy(
      serviceSpec('web', 2, (spec) => {
        spec.autoscale = { min: 2, max: 5, cpuPercent: 60, cooldown: { upMs: 0, downMs: 0 } };
      }),
    );
    obey(world);
    assert.deepEqual(why(world, service(world)), ['note autoscale web: autoscaled between 2 and 5, 2 now: nothing was measured lately']);
  });

  it('says of a job that it is suspended, and that its last run failed for good', () => {
    const world = cluster('a');
    world.deploy(
      serviceSpec('web', 0, (spec) => {
        spec.mode = { kind: 'replicated-job', completions: 1, concurrency: 1 };
        spec.template.restart = { condition: 'none', delayMs: 0, maxAttempts: 0, windowMs: 0 };
      }),
    );
    world.settle();
    world.report(world.tasks('web')[0]!.id, 'failed', { error: 'exit 3', exitCode: 3, finishedAt: world.now });
    world.settle();
    assert.match(
      why(world, service(world)).join('\n'),
      /problem job-failed web: run 1 failed: 1 of 1 task failed for good.*tsctl job run web/,
    );
  });
});

describe('Why a task or node is as it is', () => {
  it('says of a task that starts later what it waits for', () => {
    const world = cluster('a', 'b');
    world.deploy(serviceSpec('web', 1));
    obey(world);
    const [old] = running(world, 'web');
    world.setNode(old!.nodeId!, (each) => void (each.spec.availability = 'drain'));
    world.settle();
    assert.match(why(world, task(world.view.get('tasks', old!.id)!))[0] ?? '', /^waiting drained web.1: runs on [ab], which is drained/);
  });

  it('says of a task that cannot leave a drained node why, and what helps', () => {
    const world = cluster('a');
    world.deploy(serviceSpec('web', 1));
    obey(world);
    world.setNode('a', (each) => void (each.spec.availability = 'drain'));
    world.settle();
    const lines = why(world, node(world, 'a'));
    assert.match(
      lines[0] ?? '',
      /^problem drained web.1: runs on a, which is drained.*its successor waits: no node takes it: 0\/1 node.*cure: /,
    );
    assert.match(lines[1] ?? '', /^waiting node-drained a: is being drained: 1 task left/);
  });

  it('says of a task that it made room for a service of higher priority', () => {
    const world = cluster('a');
    world.deploy(serviceSpec('web', 1, large));
    world.settle();
    const [waiting] = world.tasks('web');
    const preempted: Task = { ...waiting!, madeRoomFor: { service: 'db', priority: 7 } };
    assert.match(why(world, task(preempted))[0] ?? '', /it made room for db, whose priority is 7/);
  });

  it('says of a task that was lost why, and that nobody knows what runs on a node that is down', () => {
    const world = cluster('a');
    world.deploy(serviceSpec('web', 1));
    obey(world);
    const [lost] = running(world, 'web');
    world.setNode('a', (each) => void (each.status = { state: 'down', message: 'not heard of for 4 s', at: world.now }));
    assert.match(why(world, task(lost!))[0] ?? '', /^waiting node-down web.1: its node a is down: not heard of for 4 s/);
    world.settle();
    assert.match(why(world, task(world.view.get('tasks', lost!.id)!))[0] ?? '', /^note lost web.1: was lost: node a is down/);
  });

  it('says of a node that it is down, drained, paused or tainted, and what helps', () => {
    const world = cluster('a');
    world.setNode('a', (each) => void (each.status = { state: 'down', message: 'its agent is silent', at: world.now - 5_000 }));
    assert.match(why(world, node(world, 'a'))[0] ?? '', /^problem node-down a: is down for 5s: its agent is silent.*tsctl node rm a/);
    world.setNode('a', (each) => void (each.status.state = 'ready'));
    world.setNode('a', (each) => void (each.spec.availability = 'drain'));
    assert.match(
      why(world, node(world, 'a'))[0] ?? '',
      /^note node-drained a: is drained: it has no tasks and takes none.*tsctl node activate a/,
    );
    world.setNode('a', (each) => {
      each.spec.availability = 'pause';
      each.spec.taints = [{ key: 'gpu', value: '', effect: 'no-schedule' }];
    });
    assert.deepEqual(
      why(world, node(world, 'a')).map((line) => line.split(' ')[1]),
      ['node-paused', 'node-tainted'],
    );
  });
});
