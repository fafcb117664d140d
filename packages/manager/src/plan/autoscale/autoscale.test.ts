import assert from 'node:assert/strict';
import type { NodeUsage, Service } from '@tessera/api';
import fc from 'fast-check';
import { replicasOf } from '../../model/replicas.js';
import { readyNode, serviceSpec } from '../../model/testing/builders.js';
import { obey, running } from '../testing/agents.js';
import { World } from '../testing/world.js';
import { planAutoscale } from './autoscale.js';

const MIB = 1024 ** 2;
const COOLDOWN = { upMs: 30_000, downMs: 300_000 };

type Change = Parameters<typeof serviceSpec>[2];

function scaled(replicas: number, change: Change = () => {}) {
  return serviceSpec('web', replicas, (spec) => {
    spec.template.limits = { nanoCpus: 1e9, memoryBytes: 100 * MIB };
    spec.autoscale = { min: 2, max: 10, cpuPercent: 60, cooldown: COOLDOWN };
    change?.(spec);
  });
}

/** A cluster whose tasks use what a test says; the autoscaler looks when it is asked to. */
class ScalingWorld extends World {
  constructor(replicas = 2, change?: Change) {
    super();
    for (const id of ['a', 'b']) this.putNode(readyNode(id));
    this.deploy(scaled(replicas, change));
    obey(this);
  }

  get service(): Service {
    return this.view.get('services', 'web')!;
  }

  get replicas(): number {
    return replicasOf(this.service);
  }

  get words(): string | undefined {
    return this.service.autoscale?.changes[0]?.words;
  }

  /** Each running task uses so many hundredths of its limits. */
  use(cpuPercent: number, memoryPercent = 0): void {
    const tasks = running(this, 'web');
    for (const nodeId of ['a', 'b']) {
      const own = tasks.filter((task) => task.nodeId === nodeId);
      const usage: NodeUsage = {
        id: nodeId,
        revision: 0,
        createdAt: 0,
        updatedAt: 0,
        at: this.now,
        overMs: 30_000,
        tasks: own.map(({ id }) => ({ taskId: id, nanoCpus: cpuPercent * 1e7, memoryBytes: memoryPercent * MIB })),
      };
      this.write({ type: 'put', kind: 'usages', object: usage });
    }
  }

  /** The autoscaler looks, and then the others do. @returns milliseconds until it wants to look again */
  look(): number | undefined {
    const { changes, againInMs } = planAutoscale(this.view, 'web', this.now);
    this.carryOut(changes);
    assert.deepEqual(planAutoscale(this.view, 'web', this.now).changes, [], 'a plan on its own result is empty');
    obey(this);
    return againInMs;
  }

  pass(ms: number): void {
    this.now += ms;
  }
}

describe('Autoscaling (moby/moby 32054: no autoscaling)', () => {
  it('makes as many tasks as bring the load to its target, and says why', () => {
    const world = new ScalingWorld(3);
    world.use(84);
    world.look();
    assert.equal(world.replicas, 5);
    assert.equal(world.words, '3 -> 5: cpu 84% of 60% target over 30 s');
    assert.equal(running(world, 'web').length, 5);
  });

  it('grows by twice the tasks at most in one step, and never beyond the most', () => {
    const world = new ScalingWorld(2);
    world.use(500);
    world.look();
    assert.equal(world.replicas, 6);
    world.pass(30_000);
    world.use(500);
    world.look();
    assert.equal(world.replicas, 10);
    world.pass(30_000);
    world.use(500);
    world.look();
    assert.equal(world.replicas, 10);
  });

  it('waits out the cooldown between two steps up, and asks to look again', () => {
    const world = new ScalingWorld(2);
    world.use(120);
    world.look();
    assert.equal(world.replicas, 4);
    world.pass(10_000);
    world.use(120);
    assert.equal(world.look(), 20_000);
    assert.equal(world.replicas, 4);
    world.pass(20_000);
    world.look();
    assert.equal(world.replicas, 8);
  });

  it('leaves small waves around the target alone', () => {
    const world = new ScalingWorld(4);
    for (const percent of [55, 65, 57, 63]) {
      world.use(percent);
      world.look();
      world.pass(600_000);
    }
    assert.equal(world.replicas, 4);
    assert.equal(world.words, undefined);
  });

  it('takes tasks away only when the load was low for the whole cooldown', () => {
    const world = new ScalingWorld(8);
    world.use(15);
    assert.equal(world.look(), 300_000);
    world.pass(200_000);
    world.use(60);
    world.look();
    world.pass(1_000);
    world.use(15);
    world.look();
    world.pass(299_000);
    world.use(15);
    world.look();
    assert.equal(world.replicas, 8);
    world.pass(1_000);
    world.use(15);
    world.look();
    assert.equal(world.replicas, 2);
    assert.equal(world.words, '8 -> 2: cpu 15% of 60% target over 30 s');
  });

  it('takes nothing away while some tasks are not measured yet', () => {
    const world = new ScalingWorld(4);
    world.use(10);
    world.look();
    world.pass(300_000);
    world.use(10);
    const [one] = running(world, 'web');
    world.setNode(one!.nodeId!, (node) => void (node.status.state = 'down'));
    world.settle();
    world.look();
    assert.equal(world.replicas, 4);
  });

  it('decides nothing by usage that is old', () => {
    const world = new ScalingWorld(2);
    world.use(200);
    world.pass(60_000);
    world.look();
    assert.equal(world.replicas, 2);
  });

  it('follows the metric that needs more tasks', () => {
    const world = new ScalingWorld(2, (spec) => {
      spec.autoscale = { min: 1, max: 10, cpuPercent: 60, memoryPercent: 50, cooldown: COOLDOWN };
    });
    world.use(30, 100);
    world.look();
    assert.equal(world.replicas, 4);
    assert.equal(world.words, '2 -> 4: memory 100% of 50% target over 30 s');
  });

  it('measures against the reservation, and without one against a core', () => {
    const world = new ScalingWorld(2, (spec) => {
      spec.template.limits = {};
      spec.template.reservations.nanoCpus = 0.5e9;
    });
    world.use(60);
    world.look();
    assert.equal(world.replicas, 4);
    const bare = new ScalingWorld(2, (spec) => void (spec.template.limits = {}));
    bare.use(60);
    bare.look();
    assert.equal(bare.replicas, 2);
  });

  it('keeps its number through a deploy, within the new bounds', () => {
    const world = new ScalingWorld(2);
    world.use(120);
    world.look();
    world.deploy(scaled(2, (spec) => void (spec.template.container.image = 'app:2')));
    assert.equal(world.replicas, 4);
    world.deploy(scaled(2, (spec) => void (spec.autoscale!.max = 3)));
    assert.equal(world.replicas, 3);
    world.deploy(serviceSpec('web', 2));
    assert.equal(world.replicas, 2);
  });

  it('changes nothing while an update is under way', () => {
    const world = new ScalingWorld(2);
    world.deploy(scaled(2, (spec) => void (spec.template.container.image = 'app:2')));
    world.settle();
    world.use(200);
    world.look();
    assert.equal(world.replicas, 2);
  });

  it('stays within its bounds and comes to rest under any constant load', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 2, max: 10 }), (total, replicas) => {
        const world = new ScalingWorld(replicas);
        for (let round = 0; round < 12; round++) {
          world.use(total / running(world, 'web').length);
          world.look();
          assert.ok(world.replicas >= 2 && world.replicas <= 10);
          world.pass(300_000);
        }
        const settled = world.replicas;
        world.use(total / running(world, 'web').length);
        world.look();
        assert.equal(world.replicas, settled);
        const percent = total / settled;
        assert.ok(percent <= 66.1 || settled === 10, `${percent}% at ${settled}`);
      }),
      { numRuns: 60 },
    );
  });
});
