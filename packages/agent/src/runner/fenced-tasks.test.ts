import assert from 'node:assert/strict';
import type { TaskAssignment } from '@tessera/api';
import { EngineError } from '../ports/engine.js';
import { assignmentOf } from '../testing/builders.js';
import { RunnerWorld, setOf } from '../testing/runner-world.js';

describe('Runner, with a task that must not run where no manager can be reached', () => {
  let world: RunnerWorld;
  const fenced = (): TaskAssignment => {
    const assignment = assignmentOf();
    assignment.template.partition = 'stop';
    return assignment;
  };
  const hear = (): void => world.runner.granted(world.clock.monotonic());

  beforeEach(async () => {
    world = new RunnerWorld();
    hear();
    await world.runner.replaceDesired(1, setOf(fenced(), assignmentOf({ id: 't2', slot: 2 })));
    await world.comesTo('t1', 'running');
    await world.comesTo('t2', 'running');
    await world.clock.advance(1);
    hear();
  });

  afterEach(() => world.runner.stop());

  it('lets it run while heartbeats are answered', async () => {
    for (let second = 0; second < 60; second++) {
      await world.clock.advance(1_000);
      hear();
    }
    assert.equal(world.runningContainers().length, 2);
  });

  it('stops it when that ends, and only it, and starts its successor when a manager answers again', async () => {
    await world.clock.advance(7_900);
    assert.equal(world.runningContainers().length, 2);
    await world.clock.advance(200);
    assert.equal(world.runningContainers().length, 1);
    await world.comesTo('t1', 'failed');
    assert.match(
      world.reports.findLast(({ taskId }) => taskId === 't1')?.status.error ?? '',
      /no manager was reached for 8 s, and its x-partition is stop/,
    );
    await world.clock.advance(120_000);
    assert.equal(world.runningContainers().length, 1);
    const waits = world.reports.findLast(({ successorOf }) => successorOf === 't1');
    assert.equal(waits?.status.message, 'waits until a manager can be reached, because x-partition is stop');
    hear();
    await world.comesTo(waits?.taskId ?? '', 'running');
  });

  it('counts on after the agent was restarted, and not from its start', async () => {
    await world.clock.advance(4_000);
    await world.runner.stop();
    world.restart();
    await world.clock.advance(3_900);
    assert.equal(world.runningContainers().length, 2);
    await world.clock.advance(700);
    assert.equal(world.runningContainers().length, 1);
  });

  it('stops it though its own stop is under way with a long grace', async () => {
    world.engine.stopsAfterMs = (graceMs) => graceMs;
    world.engine.clock = world.clock;
    const patient = fenced();
    patient.template.container.stopGraceMs = 600_000;
    await world.runner.replaceDesired(2, setOf({ ...patient, desired: 'shutdown' }, assignmentOf({ id: 't2', slot: 2 })));
    await world.clock.advance(1_000);
    assert.equal(world.runningContainers().length, 2);
    await world.clock.advance(9_500);
    assert.equal(world.runningContainers().length, 1);
    await world.clock.advance(600_000);
  });

  it('kills it when the engine fails, and stops it when the engine is back', async () => {
    world.engine.failure = new EngineError('gone', 'the Docker engine does not answer');
    await world.clock.advance(10_900);
    assert.deepEqual(world.killed, []);
    await world.clock.advance(600);
    assert.deepEqual([...new Set(world.killed)], ['c1'], 'what the engine does not stop in time is killed');
    world.engine.failure = undefined;
    await world.clock.advance(1_000);
    assert.equal(world.runningContainers().length, 1);
  });
});
