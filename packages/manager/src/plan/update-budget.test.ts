import assert from 'node:assert/strict';
import fc from 'fast-check';
import { isLive, isToldToGo } from '../model/task.js';
import { readyNode, serviceSpec } from '../model/testing/builders.js';
import { obey, running } from './testing/agents.js';
import { World } from './testing/world.js';

const NODES = ['a', 'b', 'c'];

describe('an update in any order of events', () => {
  it('never has fewer ready tasks than its settings allow, nor more in all, and ends with tasks as evenly spread as before', () => {
    const settings = fc.record({
      replicas: fc.integer({ min: 1, max: 6 }),
      parallelism: fc.integer({ min: 1, max: 3 }),
      order: fc.constantFrom('stop-first' as const, 'start-first' as const),
      delayMs: fc.constantFrom(0, 1_000),
      canary: fc.constantFrom(undefined, { count: 1 }, { percent: 40 }),
      controls: fc.array(fc.constantFrom('pause' as const, 'resume' as const, undefined, undefined), { minLength: 1, maxLength: 8 }),
      picks: fc.array(fc.nat(), { minLength: 40, maxLength: 200 }),
    });
    fc.assert(
      fc.property(settings, ({ replicas, parallelism, order, delayMs, canary, controls, picks }) => {
        const world = new World();
        for (const id of NODES) world.putNode(readyNode(id));
        const deploy = (image: string): void => {
          const spec = serviceSpec('web', replicas, (draft) => {
            draft.template.container.image = image;
            Object.assign(draft.update, { parallelism, order, delayMs });
            if (canary) draft.canary = canary;
          });
          world.deploy(spec);
        };
        deploy('app:1');
        obey(world);
        deploy('app:2');
        const share = canary === undefined ? replicas : Math.min(replicas, canary.count ?? Math.ceil((replicas * canary.percent) / 100));
        for (const [index, pick] of picks.entries()) {
          const control = controls[index % (7 * controls.length)];
          if (control) world.control('web', control);
          world.settle();
          const updated = new Set(
            world
              .tasks('web')
              .filter((task) => task.specRevision === 2)
              .map((task) => task.slot),
          ).size;
          assert.ok(updated <= share, `${updated} slots are new, and the canary is ${share}`);
          const fewest = order === 'start-first' ? replicas : replicas - parallelism;
          const most = order === 'start-first' ? replicas + parallelism : replicas;
          assert.ok(running(world, 'web').length >= fewest, `${running(world, 'web').length} of at least ${fewest} run`);
          const started = world.tasks('web').filter((task) => isLive(task) && task.desired !== 'ready');
          assert.ok(started.length <= most, `${started.length} of at most ${most} are live`);
          stepOne(world, pick);
        }
        world.control('web', 'resume');
        world.control('web', 'promote');
        for (let round = 0; round < 50; round++) {
          obey(world);
          world.now += 10_000;
        }
        assert.equal(world.view.get('services', 'web')!.update?.state, 'completed');
        assert.ok(running(world, 'web').every((task) => task.specRevision === 2));
        const perNode = NODES.map((id) => running(world, 'web').filter(({ nodeId }) => nodeId === id).length);
        assert.ok(Math.max(...perNode) - Math.min(...perNode) <= 1, `spread over nodes: ${perNode}`);
      }),
      { numRuns: 100 },
    );
  });
});

/** One task, any, takes one step; or time passes. */
function stepOne(world: World, pick: number): void {
  const able = world
    .tasks('web')
    .filter((task) => isLive(task) && (isToldToGo(task) || (task.desired === 'running' && task.status.state === 'assigned')));
  const task = able[pick % (able.length + 1)];
  if (task) world.report(task.id, isToldToGo(task) ? 'shutdown' : 'running');
  else world.now += 500;
}
