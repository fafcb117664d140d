import assert from 'node:assert/strict';
import { type Release, releaseId, type Stack } from '@tessera/api';
import fc from 'fast-check';
import { readyNode, serviceSpec } from '../model/testing/builders.js';
import { planReleases, RELEASES_KEPT, type ReleasePlan } from './release.js';
import { obey, obeyFor } from './testing/agents.js';
import { World } from './testing/world.js';

const STACK = 'shop';

class Releases {
  readonly world = new World();

  constructor() {
    this.world.putNode(readyNode('a'));
  }

  /** Deploys an image of the one service as the next release. */
  deploy(image: string, { atomic = false, failureAction = 'pause' as 'pause' | 'rollback' } = {}): void {
    const { world } = this;
    const service = world.deploy(
      serviceSpec('shop_web', 1, (spec) => {
        spec.stack = STACK;
        spec.template.container.image = image;
        spec.update.failureAction = failureAction;
      }),
    );
    const number = (world.view.get('stacks', STACK)?.release ?? 0) + 1;
    const meta = { revision: 0, createdAt: world.now, updatedAt: world.now };
    const { specRevision } = world.view.get('services', service)!;
    const release: Release = {
      ...meta,
      id: releaseId(STACK, number),
      stackId: STACK,
      stack: STACK,
      number,
      services: [{ name: 'shop_web', serviceId: service, specRevision }],
      networks: [],
      files: [],
      author: 'admin',
      atomic,
      outcome: { state: 'rolling-out', message: '', at: world.now },
    };
    world.write({ type: 'put', kind: 'releases', object: release });
    const stack: Stack = { ...meta, id: STACK, name: STACK, release: number };
    world.write({ type: 'put', kind: 'stacks', object: stack });
  }

  /** Plans, carries the plan out, and makes sure that planning again gives nothing. */
  plan(): ReleasePlan {
    const plan = planReleases(this.world.view, STACK, this.world.now);
    this.world.carryOut(plan.changes);
    assert.deepEqual(planReleases(this.world.view, STACK, this.world.now).changes, [], 'a plan on its own result is empty');
    return plan;
  }

  fail(): void {
    const { world } = this;
    world.settle();
    for (const task of world.tasks('shop_web'))
      if (task.status.state === 'assigned') world.report(task.id, 'failed', { error: 'exit 3', finishedAt: world.now });
    world.settle();
  }

  states(): string[] {
    const releases = [...this.world.view.releasesOfStack(STACK)].sort((a, b) => a.number - b.number);
    return releases.map(({ number, outcome }) => `${number} ${outcome.state}`);
  }
}

/** Release 1 runs. */
function released(): Releases {
  const releases = new Releases();
  releases.deploy('app:1');
  obey(releases.world);
  releases.plan();
  return releases;
}

describe('releases', () => {
  it('are rolling out until all services run, and are looked at until then', () => {
    const releases = new Releases();
    releases.deploy('app:1');
    assert.equal(releases.plan().againInMs, 500);
    assert.deepEqual(releases.states(), ['1 rolling-out']);
    obey(releases.world);
    assert.equal(releases.plan().againInMs, undefined);
    assert.deepEqual(releases.states(), ['1 completed']);
  });

  it('are looked at less often the longer they take', () => {
    const releases = new Releases();
    releases.deploy('app:1');
    releases.world.now += 3_600_000;
    releases.deploy('app:2');
    releases.world.now += 200_000;
    assert.equal(releases.plan().againInMs, 10_000);
  });

  it('are superseded by one that comes before they are done', () => {
    const releases = new Releases();
    releases.deploy('app:1');
    releases.deploy('app:2');
    releases.plan();
    assert.deepEqual(releases.states(), ['1 superseded', '2 rolling-out']);
  });

  it('are failed when a service is, and completed when it comes up all the same', () => {
    const releases = released();
    releases.deploy('app:2');
    releases.fail();
    assert.equal(releases.plan().restore, undefined);
    assert.deepEqual(releases.states(), ['1 completed', '2 failed']);
    assert.match(releases.world.view.get('releases', 'shopn2')!.outcome.message, /^shop_web: update paused: 1 of 1 slot failed.*exit 3$/);
    releases.world.control('shop_web', 'resume');
    obeyFor(releases.world, 60_000);
    releases.plan();
    assert.deepEqual(releases.states(), ['1 completed', '2 completed']);
  });

  it('that are atomic ask for the last completed one when a service fails (moby/moby 34712: no stack-wide rollback)', () => {
    const releases = released();
    releases.deploy('app:2');
    releases.deploy('app:3', { atomic: true });
    releases.plan();
    releases.fail();
    const { restore } = releases.plan();
    assert.deepEqual([restore?.failed.number, restore?.to.number], [3, 1]);
    assert.match(restore!.why, /^shop_web: update paused/);
  });

  it('that are atomic are failed when there is nothing to go back to', () => {
    const releases = new Releases();
    releases.deploy('app:1', { atomic: true });
    for (let times = 0; times < 3; times++) {
      releases.fail();
      releases.world.now += 60_000;
    }
    assert.equal(releases.plan().restore, undefined);
    assert.match(releases.world.view.get('releases', 'shopn1')!.outcome.message, /there is no former release to go back to$/);
  });

  it('do not take what the user has paused for a failure', () => {
    const releases = released();
    releases.deploy('app:2', { atomic: true });
    releases.world.control('shop_web', 'pause');
    obey(releases.world);
    assert.equal(releases.plan().restore, undefined);
    assert.deepEqual(releases.states(), ['1 completed', '2 rolling-out']);
  });

  it(`are forgotten but for the last ${RELEASES_KEPT} and the one to go back to`, () => {
    const releases = released();
    for (let number = 2; number <= 30; number++) {
      releases.world.now += 1_000;
      releases.deploy(`app:${number}`);
      releases.plan();
    }
    releases.plan();
    const numbers = releases.states().map((state) => Number(state.split(' ')[0]));
    assert.deepEqual(numbers, [1, ...Array.from({ length: RELEASES_KEPT }, (_, index) => index + 11)]);
  });

  it('keep the revisions that they name, also when the service is gone, and free them with themselves', () => {
    const releases = released();
    for (let number = 2; number <= 15; number++) releases.deploy(`app:${number}`);
    obeyFor(releases.world, 60_000);
    assert.ok(releases.world.view.get('revisions', 'shop_webr1'), 'older than what is kept of any service');
    releases.world.write({ type: 'delete', kind: 'services', id: 'shop_web' });
    obey(releases.world);
    assert.equal([...releases.world.view.revisionsOfService('shop_web')].length, 15);
    releases.world.write({ type: 'delete', kind: 'stacks', id: STACK });
    releases.plan();
    releases.world.settle();
    assert.deepEqual([...releases.world.view.revisionsOfService('shop_web')], []);
  });
});

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('deploy' as const), atomic: fc.boolean(), back: fc.boolean() }) },
  { weight: 4, arbitrary: fc.constant({ kind: 'run' as const }) },
  { weight: 3, arbitrary: fc.constant({ kind: 'fail' as const }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('control' as const), action: fc.constantFrom('pause' as const, 'resume' as const) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'wait' as const }) },
);

describe('releases in any order of events', () => {
  it('keep what they name, are rolled out one at a time, and go back to a completed one only', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 5, maxLength: 80 }), (steps) => {
        const releases = new Releases();
        const { world } = releases;
        let images = 1;
        releases.deploy('app:1');
        for (const one of steps) {
          if (one.kind === 'deploy')
            releases.deploy(`app:${++images}`, { atomic: one.atomic, failureAction: one.back ? 'rollback' : 'pause' });
          else if (one.kind === 'run') obeyFor(world, 6_000);
          else if (one.kind === 'fail') releases.fail();
          else if (one.kind === 'control') world.control('shop_web', one.action);
          else world.now += 30_000;
          world.settle();
          const { restore } = releases.plan();
          check(releases, restore);
        }
      }),
      { numRuns: 100 },
    );
  });
});

function check({ world }: Releases, restore: ReleasePlan['restore']): void {
  const current = world.view.get('stacks', STACK)!.release;
  const kept = [...world.view.releasesOfStack(STACK)];
  assert.ok(kept.length <= RELEASES_KEPT + 1, `${kept.length} releases are kept`);
  for (const { number, outcome, services } of kept) {
    assert.ok(outcome.state !== 'rolling-out' || number === current, `release ${number} rolls out, and ${current} is current`);
    for (const { serviceId, specRevision } of services) assert.ok(world.view.get('revisions', `${serviceId}r${specRevision}`));
  }
  if (!restore) return;
  assert.deepEqual([restore.failed.number, restore.failed.atomic, restore.to.outcome.state], [current, true, 'completed']);
}
