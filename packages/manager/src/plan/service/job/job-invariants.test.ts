import assert from 'node:assert/strict';
import type { Schedule } from '@tessera/api';
import fc from 'fast-check';
import { isLive, isToldToGo } from '../../../model/task.js';
import { JobWorld, job, MINUTE, scheduled } from './testing/job-world.js';

type Step =
  | { kind: 'wait'; seconds: number }
  | { kind: 'end'; exitCode: number }
  | { kind: 'run' | 'suspend' | 'resume' | 'stop' | 'deploy' | 'plain' };

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.constantFrom(1, 20, 61, 400) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('end' as const), exitCode: fc.constantFrom(0, 0, 1) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('run' as const, 'suspend' as const, 'resume' as const, 'stop' as const, 'deploy' as const, 'plain' as const),
    }),
  },
);

const schedules = fc.record({
  concurrency: fc.constantFrom('forbid' as const, 'replace' as const, 'allow' as const),
  missed: fc.constantFrom('skip' as const, 'run-once' as const),
  history: fc.integer({ min: 1, max: 4 }),
});

function take(world: JobWorld, step: Step, schedule: Partial<Schedule>): void {
  const { requested = 0 } = world.service.jobControl ?? {};
  switch (step.kind) {
    case 'wait':
      world.now += step.seconds * 1_000;
      break;
    case 'end':
      if (world.live[0]?.status.state === 'assigned') world.end(step.exitCode);
      break;
    case 'run':
      world.ask({ requested: requested + 1 });
      break;
    case 'suspend':
      world.ask({ suspended: true });
      break;
    case 'resume':
      world.ask({ suspended: false, resumedAt: world.now });
      break;
    case 'stop':
      if (world.runs.length > 0) world.ask({ stopped: world.service.job!.lastRun });
      break;
    case 'deploy':
      world.deploy(scheduled(schedule, (spec) => void (spec.template.container.image = `app:${world.now}`)));
      break;
    case 'plain':
      world.deploy(job());
  }
  world.settle();
}

describe('Random lives of a job', () => {
  it('keep runs in order, none for the same time, no two at once unless they may be, and end once they are let be', () => {
    const starts = new Map<number, number>();
    fc.assert(
      fc.property(schedules, fc.array(steps, { maxLength: 40 }), (schedule, script) => {
        const world = new JobWorld(scheduled(schedule));
        starts.clear();
        for (const step of script) {
          take(world, step, schedule);
          check(world, starts, schedule.concurrency === 'allow');
        }
        world.ask({ suspended: true });
        for (let round = 0; round < 20 && world.live.length > 0; round++) {
          for (const task of world.live) if (isToldToGo(task)) world.report(task.id, 'shutdown');
          const [next] = world.live;
          if (next?.status.state === 'assigned' && next.desired === 'complete') world.end(0);
          world.pass(MINUTE);
        }
        assert.deepEqual(world.live, []);
        assert.ok(world.runs.every(({ state }) => state !== 'running'));
      }),
      { numRuns: 60 },
    );
  });
});

function check(world: JobWorld, starts: Map<number, number>, mayOverlap: boolean): void {
  const { runs } = world;
  for (const [index, { number }] of runs.entries()) assert.ok(index === 0 || number > runs[index - 1]!.number, 'numbers grow');
  for (const { scheduledAt, number } of runs) {
    if (scheduledAt === undefined) continue;
    assert.equal(starts.get(scheduledAt) ?? number, number, 'a time is stood for by one run');
    starts.set(scheduledAt, number);
  }
  if (!mayOverlap) {
    const started = world.tasks('work').filter((task) => isLive(task) && task.desired !== 'ready');
    assert.ok(
      new Set(started.map(({ run }) => run)).size <= 1 || started.some(({ desired }) => desired === 'shutdown'),
      'one run at a time',
    );
  }
  const known = new Set(runs.map(({ number }) => number));
  for (const task of world.tasks('work')) assert.ok(known.has(task.run ?? 0) || task.desired === 'remove', 'each task is part of a run');
}
