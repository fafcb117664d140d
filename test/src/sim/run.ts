import { Faults } from './faults.js';
import type { Feature } from './feature-specs.js';
import { Features } from './features.js';
import { withoutMachine } from './guard.js';
import { INVARIANTS } from './invariants/index.js';
import type { Checks } from './invariants/invariant.js';
import { Ledger } from './ledger.js';
import { Workload } from './workload.js';
import type { Parts } from './world/parts.js';
import { SimWorld } from './world/world.js';

export interface RunOptions {
  seed: number;
  /** Steps before the faults end. */
  steps?: number;
  /** Virtual hours: quiet times and further rounds of calls and faults until they are over. Absent: one round. */
  hours?: number;
  /** Number of managers; from the seed when absent. */
  managers?: number;
  /** Without jobs, schedules, canaries and whatever else `Features` calls for: plain services alone. */
  plain?: boolean;
  /** Those that the run has; absent: some, by the seed. */
  features?: readonly Feature[];
  /** Faulty parts, to prove that the invariants bite. */
  parts?: Partial<Parts>;
}

export interface RunResult {
  seed: number;
  steps: number;
  /** Absent when all went well. */
  violation?: { invariant: string; what: string };
  /** Virtual time that passed, in milliseconds. */
  simulatedMs: number;
  /** Same seed, same steps, same code: same hash. */
  hash: string;
  /** What happened last, oldest first. */
  history: string[];
}

const DEFAULT_STEPS = 80;
const HISTORY_LINES = 60;
const MS_PER_HOUR = 3_600_000;
const LONGEST_QUIET_MS = MS_PER_HOUR;
const MOST_MANAGERS = 3;
const FEWEST_NODES = 3;
const NODE_CHOICES = 3;
/** Chances of one step. */
const CALL_CHANCE = 0.3;
/** Of the calls, where a run has features at all. */
const FEATURE_CHANCE = 0.5;
const FAULT_CHANCE = 0.25;
/** Of the seeds, one in so many has a crowd, and which ones: others are as they were before there was any. */
const CROWDED_EVERY = 5;
const CROWDED_AT = 3;
const LONGEST_STEP_MS = 6_000;
/** Runs of some seeds have long quiet times, in which updates are watched. */
const QUIET_STEP_MS = 100_000;
const QUIET_CHANCE = 0.03;
/** The cluster is at rest within this, once all faults have ended. */
const REST_LIMIT_MS = 900_000;
const REST_LOOK_MS = 2_000;
/** Updates of a cluster that nothing befalls, after the faults. */
const CALM_UPDATES = 6;
const CALM_BEFORE_UPDATES_MS = 61_000;
const LONGEST_CALM_STEP_MS = 25_000;

/** Runs one seed: a cluster, calls and faults, a check after everything that happens, and rest at the end. */
export function simulate(options: RunOptions): Promise<RunResult> {
  return withoutMachine(async () => {
    const run = await Run.begin(options);
    try {
      return await run.toEnd();
    } finally {
      run.close();
    }
  });
}

class Run {
  readonly #faults: Faults;
  readonly #workload: Workload;
  readonly #features: Features | undefined;
  readonly #checks: Array<{ name: string; checks: Checks }>;
  readonly #chance;
  #violation: RunResult['violation'];
  #done = 0;
  /** What led to the violation. */
  #story: string[] | undefined;

  private constructor(
    private readonly options: RunOptions,
    private readonly world: SimWorld,
  ) {
    const ledger = new Ledger();
    this.#faults = new Faults(world);
    this.#workload = new Workload(world, ledger);
    this.#chance = world.random();
    this.#features = options.plain
      ? undefined
      : new Features(world, world.random(), {
          features: options.features,
          isCrowded: options.seed % CROWDED_EVERY === CROWDED_AT,
        });
    this.#checks = INVARIANTS.map(({ name, watch }) => {
      const violated = (what: string): void => {
        if (this.#violation) return;
        this.#violate({ invariant: name, what });
      };
      const checks = watch({ world, faults: this.#faults, ledger }, violated);
      world.listen(checks);
      return { name, checks };
    });
  }

  static async begin(options: RunOptions): Promise<Run> {
    const { seed, parts, managers = 1 + (seed % MOST_MANAGERS) } = options;
    const nodes = FEWEST_NODES + (Math.floor(seed / MOST_MANAGERS) % NODE_CHOICES);
    const world = await SimWorld.make({ seed, managers, nodes, ...(parts && { parts }) });
    return new Run(options, world);
  }

  async toEnd(): Promise<RunResult> {
    const { hours = 0, seed } = this.options;
    const { history, clock } = this.world;
    await this.#round();
    while (!this.#violation && clock.monotonic() < hours * MS_PER_HOUR) {
      await this.#quiet();
      if (clock.monotonic() < hours * MS_PER_HOUR) await this.#round();
    }
    return {
      seed,
      steps: this.#done,
      ...(this.#violation && { violation: this.#violation }),
      simulatedMs: clock.monotonic(),
      hash: history.digest(),
      history: this.#story ?? history.tail(HISTORY_LINES),
    };
  }

  /** Calls and faults, until all faults end; then rest, and updates in peace. */
  async #round(): Promise<void> {
    const { steps = DEFAULT_STEPS } = this.options;
    for (let left = steps; left > 0 && !this.#violation; left--) await this.#step();
    if (!this.#violation) await this.#rest();
    if (!this.#violation) await this.#updateInPeace();
  }

  /** Nothing befalls the cluster: it must stay as it is. */
  async #quiet(): Promise<void> {
    if (this.#violation) return;
    await this.#advance(this.#chance.next() * LONGEST_QUIET_MS);
    const unrest = this.#unrest();
    if (unrest && !this.#violation) this.#violate({ ...unrest, what: `did not stay at rest: ${unrest.what}` });
  }

  close(): void {
    this.world.close();
  }

  #violate(violation: NonNullable<RunResult['violation']>): void {
    this.#violation = violation;
    this.world.history.note(`VIOLATED ${violation.invariant}: ${violation.what}`);
    this.#story = this.world.history.tail(HISTORY_LINES);
  }

  async #step(): Promise<void> {
    this.#done++;
    const chance = this.#chance.next();
    const isQuiet = this.#chance.next() < QUIET_CHANCE;
    if (chance < CALL_CHANCE) this.#call();
    else if (chance < CALL_CHANCE + FAULT_CHANCE) this.#faults.begin();
    await this.#advance(this.#chance.next() * (isQuiet ? QUIET_STEP_MS : LONGEST_STEP_MS));
  }

  #call(): void {
    if (this.#features && this.#chance.next() < FEATURE_CHANCE) this.#features.call();
    else this.#workload.call();
  }

  async #advance(byMs: number): Promise<void> {
    await this.world.clock.advance(byMs);
    for (const { checks } of this.#checks) checks.onStep?.();
  }

  /** Faults end, and within a bounded time everything is as it should be. */
  async #rest(): Promise<void> {
    this.#faults.endAll();
    await this.#untilRest();
  }

  async #untilRest(): Promise<void> {
    const { clock } = this.world;
    const deadline = clock.monotonic() + REST_LIMIT_MS;
    let unrest: { invariant: string; what: string } | undefined;
    do {
      this.#workload.activateAll();
      this.#features?.activateAll();
      await this.#advance(REST_LOOK_MS);
      unrest = this.#unrest();
    } while (unrest && !this.#violation && clock.monotonic() < deadline);
    if (unrest && !this.#violation) {
      this.#violate({ ...unrest, what: `not at rest after ${REST_LIMIT_MS / 1_000} s: ${unrest.what}` });
    }
  }

  /** Updates while nothing befalls the cluster: then their settings hold to the letter. */
  async #updateInPeace(): Promise<void> {
    await this.#advance(CALM_BEFORE_UPDATES_MS);
    for (let done = 0; done < CALM_UPDATES && !this.#violation; done++) {
      this.#workload.update();
      await this.#advance(this.#chance.next() * LONGEST_CALM_STEP_MS);
    }
    if (!this.#violation) await this.#untilRest();
  }

  #unrest(): RunResult['violation'] {
    if (!this.#workload.isDone || this.#features?.isDone === false) return { invariant: 'converges', what: 'a call has no answer' };
    for (const { name, checks } of this.#checks) {
      const what = checks.unrest?.();
      if (what !== undefined) return { invariant: name, what };
    }
    return undefined;
  }
}
