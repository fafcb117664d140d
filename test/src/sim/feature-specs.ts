import type { ServiceSpec } from '@tessera/api';
import type { SeededRandom } from '@tessera/kit';
import { serviceSpec } from '@tessera/manager/model/testing/builders';
import { GOOD_IMAGES, JOB_IMAGES } from './world/images.js';

/** Features of services beside plain updates. Each has a stack of its own; a run has some of them. */
export const FEATURES = ['once', 'each', 'tick', 'auto', 'canary', 'even', 'low', 'frail', 'gold'] as const;
/** Some runs have it besides: what has the usual priority finds room only where the crowd makes some. */
export const CROWD = 'crowd';
export type Feature = (typeof FEATURES)[number] | typeof CROWD;

/** Makes the services of a feature's stack as a deploy may want them. */
export class FeatureSpecs {
  readonly #concurrency: number;
  #versions = 0;

  constructor(private readonly random: SeededRandom) {
    this.#concurrency = this.#pick([1, 2]);
  }

  of(feature: Feature): ServiceSpec[] {
    if (feature === 'gold') return ['a', 'b'].map((name) => this.#member(name));
    return [this.#base(`${feature}_main`, MAKERS[feature])];
  }

  #base(name: string, change: Maker): ServiceSpec {
    return serviceSpec(name, 1 + Math.floor(this.random.next() * 4), (spec) => {
      spec.template.container.image = `app:${++this.#versions}`;
      spec.template.container.stopGraceMs = 5_000;
      spec.template.restart.delayMs = 1_000;
      spec.update.order = this.#pick(['stop-first', 'start-first']);
      spec.update.failureAction = this.#pick(['pause', 'rollback']);
      change(spec, <T>(values: readonly T[]) => this.#pick(values), this.#concurrency);
      spec.rollback = { ...spec.update, failureAction: 'pause' };
    });
  }

  /** Of a stack that goes back as a whole when one of its services fails. */
  #member(name: string): ServiceSpec {
    return this.#base(`gold_${name}`, (spec, pick) => {
      const { container } = spec.template;
      container.image = `${pick([...GOOD_IMAGES, ...GOOD_IMAGES, 'missing', 'sick'])}:${this.#versions}`;
      container.healthcheck = { test: ['CMD', 'true'] };
      if (name === 'a') container.configs = [{ source: 'gold_conf', target: '/conf', uid: '0', gid: '0', mode: 0o444 }];
      spec.update.failureAction = 'pause';
      spec.progressDeadlineMs = 60_000;
    });
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.random.next() * values.length)] as T;
  }
}

type Pick = <T>(values: readonly T[]) => T;
type Maker = (spec: ServiceSpec, pick: Pick, concurrency: number) => void;

const GIB = 1024 ** 3;

const MAKERS: Readonly<Record<Exclude<Feature, 'gold'>, Maker>> = {
  once: (spec, pick, concurrency) => {
    spec.mode = { kind: 'replicated-job', completions: pick([1, 2, 4]), concurrency };
    asJob(spec, pick);
  },
  each: (spec, pick) => {
    spec.mode = { kind: 'global-job' };
    asJob(spec, pick);
  },
  tick: (spec, pick, concurrency) => {
    spec.mode = { kind: 'replicated-job', completions: 1, concurrency };
    asJob(spec, pick);
    spec.schedule = {
      cron: pick(['*/15 * * * * *', '*/30 * * * * *', '* * * * *']),
      timezone: 'UTC',
      concurrency: pick(['forbid', 'forbid', 'replace', 'allow']),
      missed: pick(['skip', 'run-once']),
      history: pick([2, 5]),
    };
  },
  auto: (spec) => {
    spec.mode = { kind: 'replicated', replicas: 1 };
    spec.autoscale = { min: 1, max: 4, cpuPercent: 60, cooldown: { upMs: 10_000, downMs: 30_000 } };
  },
  canary: (spec, pick) => {
    spec.mode = { kind: 'replicated', replicas: 4 };
    spec.canary = pick([{ count: 1 }, { count: 2 }, { percent: 30 }]);
    spec.update.parallelism = pick([0, 1, 2]);
  },
  even: (spec, pick) => {
    spec.mode = { kind: 'replicated', replicas: pick([3, 4, 5]) };
    spec.update.order = 'stop-first';
    spec.rebalance = { budget: pick([1, 2]) };
  },
  low: (spec, pick) => {
    spec.mode = { kind: 'replicated', replicas: pick([2, 4]) };
    spec.template.reservations.memoryBytes = 2 * GIB;
    spec.placement.priority = -10;
  },
  crowd: (spec) => {
    spec.mode = { kind: 'replicated', replicas: 12 };
    spec.template.reservations.memoryBytes = 2 * GIB;
    spec.placement.priority = -20;
  },
  frail: (spec, pick) => {
    spec.template.container.image = pick(['crash:1', 'hardwork:1']);
    spec.template.restart = {
      condition: pick(['none', 'on-failure', 'any']),
      delayMs: 1_000,
      maxAttempts: pick([1, 2]),
      windowMs: 0,
    };
  },
};

function asJob(spec: ServiceSpec, pick: Pick): void {
  spec.template.container.image = `${pick(JOB_IMAGES)}:${pick([1, 2])}`;
  spec.template.restart = { condition: 'on-failure', delayMs: 1_000, maxAttempts: pick([0, 2]), windowMs: 0 };
}
