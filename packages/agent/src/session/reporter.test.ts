import assert from 'node:assert/strict';
import type { TaskReport, TaskStatus } from '@tessera/api';
import { VirtualClock } from '@tessera/kit';
import { Reporter } from './reporter.js';

describe('Reporter', () => {
  let clock: VirtualClock;
  let sent: Array<{ report: number; tasks: TaskReport[] }>;
  let stored: string[];
  let reporter: Reporter;

  beforeEach(() => {
    clock = new VirtualClock();
    sent = [];
    stored = [];
    reporter = new Reporter({
      clock,
      tickMs: 10,
      send: (report, tasks) => sent.push({ report, tasks }),
      onStored: (reports) => stored.push(...reports.map((one) => `${one.taskId} ${one.status.state}`)),
    });
  });

  const report = (taskId: string, state: TaskStatus['state'], successorOf?: string): void =>
    reporter.add({ taskId, status: { state, at: 1, message: '' }, ...(successorOf !== undefined && { successorOf }) });
  const words = (): string[] => sent.map(({ tasks }) => tasks.map((one) => `${one.taskId} ${one.status.state}`).join(', '));

  it('gathers what happens in one tick', async () => {
    report('a', 'running');
    report('b', 'running');
    await clock.advance(10);
    assert.deepEqual(words(), ['a running, b running']);
  });

  it('has one batch under way and sends the last status of what happened meanwhile', async () => {
    report('a', 'preparing');
    await clock.advance(10);
    report('a', 'starting');
    report('a', 'running');
    await clock.advance(1_000);
    assert.equal(sent.length, 1);
    reporter.stored(1);
    await clock.advance(10);
    assert.deepEqual(words(), ['a preparing', 'a running']);
    assert.deepEqual(stored, ['a preparing']);
    assert.equal(sent[1]?.report, 2);
  });

  it('keeps a successor after the end of its predecessor, and whose successor it is', async () => {
    report('a', 'running');
    report('b', 'preparing', 'a');
    report('a', 'failed');
    report('b', 'running');
    await clock.advance(10);
    assert.deepEqual(words(), ['a failed, b running']);
    assert.equal(sent[0]?.tasks[1]?.successorOf, 'a');
  });

  it('sends nothing once it is stopped', async () => {
    report('a', 'running');
    reporter.stop();
    report('b', 'running');
    await clock.advance(1_000);
    assert.deepEqual(sent, []);
    assert.equal(clock.pending, 0);
  });
});
