import assert from 'node:assert/strict';
import { VirtualClock } from '@tessera/kit';
import { EngineError } from '../ports/engine.js';
import { FakeEngine } from '../testing/fake-engine.js';
import { UsageMeter } from './usage-meter.js';

const MIB = 1024 ** 2;

describe('The usage of tasks', () => {
  let clock: VirtualClock;
  let engine: FakeEngine;
  let meter: UsageMeter;
  const one = [{ taskId: 't1', containerId: 'c1' }];

  beforeEach(() => {
    clock = new VirtualClock();
    engine = new FakeEngine();
    meter = new UsageMeter(engine, clock);
  });

  it('is the CPU time between two readings over the time that has passed', async () => {
    engine.usages.set('c1', { cpuNanos: 1e9, memoryBytes: 10 * MIB });
    assert.deepEqual(await meter.measure(one), []);
    await clock.advance(5_000);
    engine.usages.set('c1', { cpuNanos: 3.5e9, memoryBytes: 12 * MIB });
    assert.deepEqual(await meter.measure(one), [{ taskId: 't1', nanoCpus: 500_000_000, memoryBytes: 12 * MIB }]);
  });

  it('leaves out what is gone, began anew or cannot be read, and goes on afterwards', async () => {
    engine.usages.set('c1', { cpuNanos: 5e9, memoryBytes: MIB });
    await meter.measure(one);
    await clock.advance(1_000);
    engine.usages.set('c1', { cpuNanos: 0, memoryBytes: MIB });
    assert.deepEqual(await meter.measure(one), []);
    await clock.advance(1_000);
    engine.failure = new EngineError('gone', 'the engine went away');
    assert.deepEqual(await meter.measure(one), []);
    engine.failure = undefined;
    await clock.advance(1_000);
    assert.deepEqual(await meter.measure(one), []);
    await clock.advance(1_000);
    engine.usages.set('c1', { cpuNanos: 1e9, memoryBytes: MIB });
    assert.deepEqual(await meter.measure(one), [{ taskId: 't1', nanoCpus: 1e9, memoryBytes: MIB }]);
    engine.usages.delete('c1');
    assert.deepEqual(await meter.measure(one), []);
  });
});
