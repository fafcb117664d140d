import assert from 'node:assert/strict';
import { defaultTemplate, type NodeSetItems, type Reload } from '@tessera/api';
import { assignmentOf } from '../testing/builders.js';
import { RunnerWorld, setOf } from '../testing/runner-world.js';

/** A set with one task that mounts the config `c` and reloads it. */
function setWith(content: string, reload: Reload): NodeSetItems {
  const template = { ...defaultTemplate('nginx:1'), reload };
  template.container.configs = [{ source: 'c', target: '/c', uid: '0', gid: '0', mode: 0o444 }];
  const file = { id: content, secret: false, hash: content, data: Buffer.from(content).toString('base64') };
  return { ...setOf(assignmentOf({ template, configIds: { c: content } })), files: [file] };
}

describe('Runner with files that tasks reload', () => {
  let world: RunnerWorld;
  const last = () => world.reports.at(-1)?.status;

  beforeEach(() => {
    world = new RunnerWorld();
  });
  afterEach(() => world.runner.stop());

  it('signals the program of a task whose config changed, once, and goes on with the same container', async () => {
    await world.runner.replaceDesired(1, setWith('one', { signal: 'SIGHUP' }));
    await world.comesTo('t1', 'running');
    assert.deepEqual(world.engine.told, []);
    await world.runner.replaceDesired(2, setWith('two', { signal: 'SIGHUP' }));
    await world.clock.advanceUntil(() => last()?.files?.['configs/c'] === 'two', 10_000, 'the new content');
    await world.clock.advance(120_000);
    assert.deepEqual(world.engine.told, ['c1 SIGHUP']);
    assert.deepEqual(world.runningContainers(), ['c1']);
  });

  it('runs a command until it ends well, and tells what it said when it does not', async () => {
    let isRefused = true;
    world.engine.answers = () => (isRefused ? { exitCode: 1, output: 'line 3: no such directive\n' } : { exitCode: 0, output: '' });
    await world.runner.replaceDesired(1, setWith('one', { command: ['reload', 'now'] }));
    await world.comesTo('t1', 'running');
    await world.runner.replaceDesired(2, setWith('two', { command: ['reload', 'now'] }));
    await world.clock.advanceUntil(() => last()?.filesError !== '', 10_000, 'the failure to be told');
    assert.equal(last()?.filesError, 'reload ended with 1: line 3: no such directive');
    assert.equal(last()?.files?.['configs/c'], 'one');
    isRefused = false;
    await world.clock.advanceUntil(() => last()?.files?.['configs/c'] === 'two', 60_000, 'the new content');
    assert.equal(last()?.filesError, '');
    assert.equal(world.engine.told[0], 'c1 reload now');
  });
});
