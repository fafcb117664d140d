import assert from 'node:assert/strict';
import { readyNode } from '../../../model/testing/builders.js';
import { planService } from '../index.js';
import { JobWorld, job, MIDNIGHT, MINUTE, scheduled } from './testing/job-world.js';

describe('The runs of a job', () => {
  it('are numbered, say what caused them, and end complete with exit code 0', () => {
    const world = new JobWorld(job());
    assert.deepEqual(world.states, ['1 running']);
    world.pass(5_000);
    world.end(0);
    const [run] = world.runs;
    assert.deepEqual([run?.cause, run?.state, run?.exitCode, run?.finishedAt], ['deploy', 'complete', 0, MIDNIGHT + 5_000]);
    assert.equal(world.settle(), undefined);
  });

  it('fail for good when a task has no attempt left, and say so with its exit code', () => {
    const world = new JobWorld(job());
    world.end(3);
    assert.deepEqual(world.states, ['1 running']);
    world.pass(MINUTE);
    world.end(7);
    const [run] = world.runs;
    assert.deepEqual(
      [run?.state, run?.exitCode, run?.message],
      ['failed', 7, '1 of 1 task failed for good: work.1 after 2 attempts: exit 7'],
    );
    world.pass(10 * MINUTE);
    assert.deepEqual([world.states, world.live], [['1 failed'], []]);
  });

  it('come by each request of a user, in turn, and keep their tasks apart', () => {
    const world = new JobWorld(job());
    world.end(0);
    world.ask({ requested: 2 });
    assert.deepEqual(world.states, ['1 complete', '2 running']);
    world.end(0);
    world.end(1);
    assert.deepEqual(world.states, ['1 complete', '2 complete', '3 running']);
    assert.deepEqual(
      world.runs.map(({ request }) => request),
      [undefined, 1, 2],
    );
    assert.deepEqual(
      world.tasks('work').map(({ run, status }) => `${run} ${status.state}`),
      ['1 complete', '2 complete', '3 failed', '3 assigned'],
    );
  });

  it('end as cancelled when a newer template is deployed, and when a user stops them', () => {
    const world = new JobWorld(job());
    world.deploy(job((spec) => void (spec.template.container.image = 'app:2')));
    world.settle();
    assert.deepEqual(world.states, ['1 cancelled', '2 running']);
    world.report(world.tasks('work').find((task) => task.run === 1)!.id, 'shutdown');
    world.settle();
    assert.deepEqual(
      world.live.map(({ run, image }) => [run, image]),
      [[2, 'app:2']],
    );
    world.ask({ stopped: 2 });
    assert.deepEqual(world.states, ['1 cancelled', '2 cancelled']);
    assert.ok(world.live.every(({ desired }) => desired === 'shutdown'));
  });

  it('are forgotten with their tasks beyond the history', () => {
    const world = new JobWorld(scheduled({ history: 3 }));
    for (let run = 1; run <= 6; run++) {
      world.pass(MINUTE);
      world.end(0);
    }
    world.settle();
    assert.deepEqual(world.states, ['4 complete', '5 complete', '6 complete']);
    assert.deepEqual(
      world.tasks('work').map((task) => task.run),
      [4, 5, 6],
    );
  });

  it('are kept when they end beside others that go on, however many these are', () => {
    const world = new JobWorld(scheduled({ history: 1, concurrency: 'allow' }));
    for (let run = 1; run <= 3; run++) world.pass(MINUTE);
    const { id } = world.live.find((task) => task.run === 3)!;
    world.report(id, 'complete', { exitCode: 0, finishedAt: world.now });
    world.settle();
    assert.deepEqual(world.states, ['1 running', '2 running', '3 complete']);
  });

  it('begin a task anew on another node when its own is drained, at once and at the cost of no attempt', () => {
    const world = new JobWorld(job((spec) => void (spec.template.restart.condition = 'none')));
    world.report(world.live[0]!.id, 'running');
    world.putNode(readyNode('b'));
    world.setNode('a', (node) => void (node.spec.availability = 'drain'));
    world.settle();
    assert.deepEqual(
      world.live.map(({ nodeId, desired }) => `${nodeId} ${desired}`),
      ['a shutdown'],
    );
    world.report(world.live[0]!.id, 'shutdown');
    world.settle();
    assert.deepEqual(
      world.live.map(({ nodeId, desired }) => `${nodeId} ${desired}`),
      ['b complete'],
    );
    world.end(0);
    assert.deepEqual(world.states, ['1 complete']);
  });

  it('go on when a completed job is scaled up or a node comes', () => {
    const world = new JobWorld(job((spec) => void (spec.mode = { kind: 'global-job' })));
    world.end(0);
    assert.deepEqual(world.states, ['1 complete']);
    world.putNode(readyNode('b'));
    world.settle();
    assert.deepEqual(world.states, ['1 running']);
    world.end(0);
    assert.deepEqual(world.states, ['1 complete']);
  });
});

describe('A job with a schedule (moby/moby 23880: no cron)', () => {
  it('runs at each time that is due, not at its deploy', () => {
    const world = new JobWorld(scheduled());
    assert.deepEqual(world.states, []);
    assert.equal(world.settle(), MINUTE);
    for (let minute = 1; minute <= 3; minute++) {
      world.pass(MINUTE);
      world.end(0);
    }
    assert.deepEqual(
      world.runs.map(({ cause, scheduledAt }) => [cause, (scheduledAt! - MIDNIGHT) / MINUTE]),
      [1, 2, 3].map((minute) => ['schedule', minute]),
    );
  });

  it('starts no second run while one is under way, with concurrency forbid, and says so', () => {
    const world = new JobWorld(scheduled());
    world.pass(3 * MINUTE);
    assert.deepEqual(world.states, ['1 running']);
    assert.equal(world.service.job?.skipped?.reason, 'run 1 was still under way, and concurrency is forbid');
    world.end(0);
    world.pass(MINUTE);
    assert.deepEqual(world.states, ['1 complete', '2 running']);
  });

  it('stops the old run before the new one starts, with concurrency replace', () => {
    const world = new JobWorld(scheduled({ concurrency: 'replace' }));
    world.pass(MINUTE);
    world.report(world.live[0]!.id, 'running');
    world.pass(MINUTE);
    assert.deepEqual(world.states, ['1 cancelled', '2 running']);
    assert.deepEqual(
      world.live.map(({ run, desired }) => `${run} ${desired}`),
      ['1 shutdown'],
    );
    world.report(world.live[0]!.id, 'shutdown');
    world.settle();
    assert.deepEqual(
      world.live.map(({ run, desired }) => `${run} ${desired}`),
      ['2 complete'],
    );
  });

  it('runs side by side with concurrency allow', () => {
    const world = new JobWorld(scheduled({ concurrency: 'allow' }));
    world.pass(2 * MINUTE);
    assert.deepEqual(world.states, ['1 running', '2 running']);
    assert.equal(world.live.length, 2);
    world.end(0);
    assert.deepEqual(world.states, ['1 complete', '2 running']);
  });

  it('makes up for missed times by one run, for the latest, with missed run-once', () => {
    const world = new JobWorld(scheduled());
    world.now += 5.5 * MINUTE;
    world.settle();
    assert.deepEqual(
      world.runs.map(({ scheduledAt }) => (scheduledAt! - MIDNIGHT) / MINUTE),
      [5],
    );
    assert.deepEqual(world.service.job?.skipped, { at: MIDNIGHT + 5 * MINUTE, times: 4, reason: 'one run stands for 5 times' });
  });

  it('lets missed times go with missed skip, but not for the seconds that a change of leader takes', () => {
    const world = new JobWorld(scheduled({ cron: '0 * * * *', missed: 'skip' }));
    world.now = MIDNIGHT + 60 * MINUTE + 8_000;
    world.settle();
    assert.deepEqual(world.states, ['1 running']);
    world.end(0);
    world.now = MIDNIGHT + 125 * MINUTE;
    world.settle();
    assert.deepEqual(world.states, ['1 complete']);
    assert.equal(world.service.job?.skipped?.reason, 'nobody could start it in time');
  });

  it('starts nothing later than its starting deadline', () => {
    const world = new JobWorld(scheduled({ cron: '0 * * * *', startingDeadlineMs: 10 * MINUTE }));
    world.now = MIDNIGHT + 75 * MINUTE;
    world.settle();
    assert.deepEqual(world.states, []);
    world.now = MIDNIGHT + 128 * MINUTE;
    world.settle();
    assert.deepEqual(world.states, ['1 running']);
  });

  it('starts nothing while it is suspended, also after a deploy, and makes up for nothing when it is resumed', () => {
    const world = new JobWorld(scheduled());
    world.ask({ suspended: true });
    world.deploy(scheduled({}, (spec) => void (spec.template.container.image = 'app:2')));
    world.pass(5 * MINUTE);
    assert.deepEqual(world.states, []);
    world.now += 10_000;
    world.ask({ suspended: false, resumedAt: world.now });
    assert.deepEqual(world.states, []);
    world.pass(MINUTE);
    assert.deepEqual(
      world.runs.map(({ scheduledAt }) => (scheduledAt! - MIDNIGHT) / MINUTE),
      [6],
    );
  });

  it('lets a run go on as it began when a newer template is deployed', () => {
    const world = new JobWorld(scheduled());
    world.pass(MINUTE);
    world.deploy(scheduled({}, (spec) => void (spec.template.container.image = 'app:2')));
    world.settle();
    world.end(9);
    world.pass(10_000);
    assert.deepEqual(
      world.tasks('work').map(({ run, image }) => [run, image]),
      [
        [1, 'app:1'],
        [1, 'app:1'],
      ],
    );
    world.end(0);
    world.pass(MINUTE);
    assert.deepEqual(
      world.live.map(({ run, image }) => [run, image]),
      [[2, 'app:2']],
    );
  });

  it('runs once when two leaders think that they are to start it, and never again after a change of leader', () => {
    const world = new JobWorld(scheduled());
    world.now += MINUTE;
    const ids = (name: string) => () => name;
    const [one, two] = ['x', 'y'].map((name) => planService(world.view, 'work', world.now, ids(name)));
    world.carryOut(one!.changes);
    assert.throws(() => world.carryOut(two!.changes), /guarded/);
    // The next leader's clock is behind: the time that was dealt with does not come again.
    world.now -= 20_000;
    world.settle();
    world.now += 20_000;
    world.settle();
    assert.deepEqual(world.states, ['1 running']);
  });
});
