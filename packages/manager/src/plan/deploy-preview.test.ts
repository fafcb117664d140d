import assert from 'node:assert/strict';
import type { ServiceSpec } from '@tessera/api';
import type { OverlayChange } from '../model/overlay.js';
import { deployed, readyNode, serviceSpec } from '../model/testing/builders.js';
import { previewDeploy } from './deploy-preview.js';
import { obey, obeyFor, running } from './testing/agents.js';
import { World } from './testing/world.js';

function cluster(...ids: string[]): World {
  const world = new World();
  for (const id of ids) world.putNode(readyNode(id));
  return world;
}

function changesOf(world: World, spec: ServiceSpec): OverlayChange[] {
  const { service, revision } = deployed(spec, 'web', world.view.byName('services', spec.name));
  return [
    { type: 'put', kind: 'services', object: service },
    { type: 'put', kind: 'revisions', object: revision },
  ];
}

describe('the preview of a deploy', () => {
  it('says which tasks would start, and where', () => {
    const world = cluster('a', 'b');
    const { tasks, unplaced } = previewDeploy(world.view, changesOf(world, serviceSpec('web', 3)), world.now);
    assert.deepEqual(tasks, [
      { service: 'web', slot: 1, action: 'start', node: 'a', step: 1 },
      { service: 'web', slot: 2, action: 'start', node: 'b', step: 1 },
      { service: 'web', slot: 3, action: 'start', node: 'a', step: 1 },
    ]);
    assert.deepEqual(unplaced, []);
  });

  it('tells replaced, kept and stopped tasks apart', () => {
    const world = cluster('a');
    world.deploy(serviceSpec('web', 2));
    obey(world);
    const actions = (spec: ServiceSpec): string[] =>
      previewDeploy(world.view, changesOf(world, spec), world.now).tasks.map((task) => task.action);
    assert.deepEqual(actions(serviceSpec('web', 2, (spec) => void (spec.template.container.image = 'app:2'))), ['replace', 'replace']);
    assert.deepEqual(actions(serviceSpec('web', 1)), ['keep', 'stop']);
    const removal = previewDeploy(world.view, [{ type: 'delete', kind: 'services', id: 'web' }], world.now);
    assert.deepEqual(
      removal.tasks.map((task) => task.action),
      ['stop', 'stop'],
    );
  });

  it('tells the order in which tasks are replaced, and from which nodes to which', () => {
    const world = cluster('a', 'b');
    const spec = (image: string): ServiceSpec =>
      serviceSpec('web', 3, (draft) => {
        draft.template.container.image = image;
        draft.update.parallelism = 2;
        if (image === 'app:2') draft.placement.constraints = ['node.hostname==b'];
      });
    world.deploy(spec('app:1'));
    obey(world);
    const { tasks } = previewDeploy(world.view, changesOf(world, spec('app:2')), world.now);
    assert.deepEqual(
      tasks.map(({ slot, action, from, node, step }) => [slot, action, from, node, step]),
      [
        [1, 'replace', 'a', 'b', 1],
        [2, 'replace', undefined, 'b', 1],
        [3, 'replace', 'a', 'b', 2],
      ],
    );
  });

  it('says why a task would find no node, and writes nothing', () => {
    const world = cluster('a');
    const before = world.view.revision;
    const spec = serviceSpec('web', 1, (draft) => void (draft.placement.constraints = ['node.labels.disk==ssd']));
    const { unplaced } = previewDeploy(world.view, changesOf(world, spec), world.now);
    assert.deepEqual(unplaced, ['web.1: 0/1 node: 1 constraint node.labels.disk==ssd']);
    assert.deepEqual([world.view.revision, world.view.count('tasks')], [before, 0]);
  });

  it('shows what would make room for it', () => {
    const world = cluster('a');
    const memory = 4 * 1024 ** 3;
    world.deploy(serviceSpec('low', 2, (draft) => void (draft.template.reservations.memoryBytes = memory)));
    obey(world);
    const spec = serviceSpec('web', 1, (draft) => {
      draft.template.reservations.memoryBytes = memory;
      draft.placement.priority = 5;
    });
    const { tasks, unplaced } = previewDeploy(world.view, changesOf(world, spec), world.now);
    assert.deepEqual(
      tasks.find(({ service }) => service === 'web'),
      { service: 'web', slot: 1, action: 'start', node: 'a', step: 1 },
    );
    assert.equal(tasks.filter(({ service, action }) => service === 'low' && action === 'replace').length, 1);
    assert.match(unplaced.join(), /^low\.[12]: 0\/1 node: 1 not enough memory .*; it made room for web \(priority 5\)$/);
  });

  it('comes true', () => {
    const world = cluster('a', 'b', 'c');
    const spec = serviceSpec('web', 5, (draft) => void (draft.template.reservations.memoryBytes = 1024 ** 3));
    const { tasks } = previewDeploy(world.view, changesOf(world, spec), world.now);
    world.deploy(spec);
    obeyFor(world, 60_000);
    const actual = running(world, 'web').sort((a, b) => a.slot! - b.slot!);
    assert.deepEqual(
      tasks.map((task) => [task.slot, task.node]),
      actual.map((task) => [task.slot, task.nodeId]),
    );
  });
});
