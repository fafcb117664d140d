import assert from 'node:assert/strict';
import { contentId, type ServiceProgress } from '@tessera/api';
import { readyNode, serviceSpec } from '../model/testing/builders.js';
import { serviceProgress } from './progress.js';
import { obey, obeyFor } from './testing/agents.js';
import { World } from './testing/world.js';

function cluster(...ids: string[]): World {
  const world = new World();
  for (const id of ids) world.putNode(readyNode(id));
  return world;
}

const progressOf = (world: World): ServiceProgress => serviceProgress(world.view, world.view.get('services', 'web')!, world.now);

describe('the progress of a service', () => {
  it('is converged when all that is wanted runs', () => {
    const world = cluster('a', 'b');
    world.deploy(serviceSpec('web', 3, (spec) => void (spec.ports = [{ protocol: 'tcp', target: 80, published: 8080, mode: 'ingress' }])));
    world.settle();
    assert.deepEqual([progressOf(world).running, progressOf(world).converged], [0, false]);
    obey(world);
    const progress = progressOf(world);
    assert.deepEqual(progress, {
      serviceId: 'web',
      name: 'web',
      mode: 'replicated',
      image: 'app:1',
      desired: 3,
      running: 3,
      updated: 3,
      converged: true,
      ports: ['8080->80/tcp'],
    });
  });

  it('waits until tasks have the contents that they reload, and says which cannot', () => {
    const world = cluster('a');
    const spec = (hash: string) =>
      serviceSpec('web', 1, ({ template }) => {
        template.reload = { signal: 'SIGHUP' };
        template.container.configs = [{ source: 'c', target: '/c', uid: '0', gid: '0', mode: 0o444 }];
        template.fileHashes = { c: hash };
      });
    world.deploy(spec('one'));
    obey(world);
    const [task] = [...world.view.tasksOfService('web')];
    const tell = (files: Record<string, string>, filesError = ''): void => world.report(task!.id, 'running', { files, filesError });
    tell({ 'configs/c': contentId('configs', 'one') });
    assert.equal(progressOf(world).converged, true);
    world.deploy(spec('two'));
    assert.deepEqual([world.settle(), [...world.view.tasksOfService('web')].length], [undefined, 1], 'the same task goes on');
    assert.deepEqual([progressOf(world).converged, progressOf(world).verdict], [false, undefined]);
    tell({ 'configs/c': contentId('configs', 'one') }, 'line 3');
    assert.equal(progressOf(world).failed, 'web.1: its files could not be reloaded: line 3');
    tell({ 'configs/c': contentId('configs', 'two') });
    assert.deepEqual([progressOf(world).converged, progressOf(world).failed], [true, undefined]);
  });

  it('says what tasks wait for', () => {
    const world = cluster();
    world.deploy(serviceSpec('web', 2));
    obey(world);
    assert.equal(progressOf(world).waiting, '2 tasks: 0/0 nodes: the cluster has no nodes');
    assert.equal(progressOf(world).failed, undefined);
  });

  it('is not converged while an update is watched, and is when that is over', () => {
    const world = cluster('a');
    world.deploy(serviceSpec('web', 1));
    obey(world);
    world.now += 1_000;
    world.deploy(serviceSpec('web', 1, (spec) => void (spec.template.container.image = 'app:2')));
    assert.equal(progressOf(world).converged, false);
    obey(world);
    assert.deepEqual([progressOf(world).updated, progressOf(world).converged], [1, false]);
    obeyFor(world, 10_000);
    assert.equal(progressOf(world).converged, true);
  });

  for (const [state, times, says] of [
    ['rejected', 2, /^rejected 2 times: web\.1: no such image$/],
    ['failed', 3, /^failed 3 times: web\.1: no such image$/],
  ] as const) {
    it(`is failed when a task was ${state} ${times} times`, () => {
      const world = cluster('a');
      world.deploy(serviceSpec('web', 1));
      for (let count = 1; count <= times; count++) {
        assert.equal(progressOf(world).failed, undefined);
        world.settle();
        const task = world.tasks('web').find((candidate) => candidate.status.state === 'assigned')!;
        world.report(task.id, state, { error: 'no such image', finishedAt: world.now });
        world.now += world.settle()!;
      }
      assert.match(progressOf(world).failed!, says);
    });
  }

  it('is failed when the restart policy has no attempt left', () => {
    const world = cluster('a');
    world.deploy(serviceSpec('web', 1, (spec) => void (spec.template.restart.maxAttempts = 1)));
    for (let count = 0; count < 2; count++) {
      obey(world);
      world.report(world.tasks('web').find((task) => task.status.state === 'running')!.id, 'failed', {
        error: 'exit 2',
        finishedAt: world.now,
      });
      world.now += world.settle() ?? 0;
    }
    assert.equal(progressOf(world).failed, 'failed, and has no restart attempt left (max_attempts 1): web.1: exit 2');
  });

  it('counts completed runs of a job', () => {
    const world = cluster('a');
    world.deploy(serviceSpec('web', 0, (spec) => void (spec.mode = { kind: 'replicated-job', completions: 1, concurrency: 1 })));
    world.settle();
    assert.equal(progressOf(world).converged, false);
    world.report(world.tasks('web')[0]!.id, 'complete', { finishedAt: world.now });
    world.settle();
    assert.deepEqual([progressOf(world).updated, progressOf(world).converged], [1, true]);
  });
});
