import assert from 'node:assert/strict';
import type { JobControl, JobRun, Schedule, Service, ServiceSpec, Task } from '@tessera/api';
import { isLive } from '../../../../model/task.js';
import { readyNode, serviceSpec } from '../../../../model/testing/builders.js';
import { World } from '../../../testing/world.js';

export const MINUTE = 60_000;
/** Midnight, so that times are easy to read. */
export const MIDNIGHT = Date.UTC(2026, 0, 1);

const every: Schedule = { cron: '* * * * *', timezone: 'UTC', concurrency: 'forbid', missed: 'run-once', history: 10 };

export function job(change: (spec: ServiceSpec) => void = () => {}): ServiceSpec {
  return serviceSpec('work', 0, (spec) => {
    spec.mode = { kind: 'replicated-job', completions: 1, concurrency: 1 };
    spec.template.restart = { condition: 'on-failure', delayMs: 1_000, maxAttempts: 1, windowMs: 0 };
    change(spec);
  });
}

export function scheduled(over: Partial<Schedule> = {}, change: (spec: ServiceSpec) => void = () => {}): ServiceSpec {
  return job((spec) => {
    spec.schedule = { ...every, ...over };
    change(spec);
  });
}

/** A cluster of one node with one job, `work`. */
export class JobWorld extends World {
  constructor(spec: ServiceSpec) {
    super();
    this.now = MIDNIGHT;
    this.putNode(readyNode('a'));
    this.deploy(spec);
    this.settle();
  }

  get service(): Service {
    return this.view.get('services', 'work')!;
  }

  get runs(): readonly JobRun[] {
    return this.service.job?.runs ?? [];
  }

  get states(): string[] {
    return this.runs.map(({ number, state }) => `${number} ${state}`);
  }

  get live(): Task[] {
    return this.tasks('work').filter(isLive);
  }

  /** Time passes, with planners looking when they asked for it. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const againInMs = this.settle();
      if (againInMs === undefined || this.now + againInMs > end) break;
      this.now += againInMs;
    }
    this.now = end;
    this.settle();
  }

  /** The oldest live task ends. */
  end(exitCode: number): void {
    const task = this.live[0];
    assert.ok(task, 'a task is live');
    this.report(task.id, exitCode === 0 ? 'complete' : 'failed', { exitCode, error: `exit ${exitCode}`, finishedAt: this.now });
    this.settle();
  }

  ask(jobControl: Partial<JobControl>): void {
    const before = this.service.jobControl ?? { requested: 0, suspended: false };
    this.write({ type: 'put', kind: 'services', object: { ...this.service, jobControl: { ...before, ...jobControl } } });
    this.settle();
  }
}
