import assert from 'node:assert/strict';
import fc from 'fast-check';
import { defaultTemplate } from '../spec/defaults.js';
import {
  FENCE_AFTER_MS,
  FENCE_CLOCK_RATE,
  FENCE_ENGINE_MS,
  FENCE_GRACE_MS,
  FENCE_WAIT_MS,
  fenceShutsInMs,
  givenUpInMs,
} from './fencing.js';

const fenced = { ...defaultTemplate('db:1'), partition: 'stop' as const };

describe('fencing', () => {
  const shuts: [string, number, number, number][] = [
    ['a heartbeat that was answered just now', 1_000, 1_000, FENCE_AFTER_MS],
    ['one that is half as old as it may be', 0, FENCE_AFTER_MS / 2, FENCE_AFTER_MS / 2],
    ['one that is as old as it may be', 500, 500 + FENCE_AFTER_MS, 0],
    ['none at all', Number.NEGATIVE_INFINITY, 5, Number.NEGATIVE_INFINITY],
  ];
  for (const [what, grantedAt, now, inMs] of shuts)
    it(`gives a fenced task ${inMs} ms after ${what}`, () => assert.equal(fenceShutsInMs(grantedAt, now), inMs));

  const waits: [string, ReturnType<typeof defaultTemplate> | undefined, number, number][] = [
    ['a task that may run on at once', defaultTemplate('web:1'), 0, 0],
    ['a task of which nothing is known at once', undefined, 0, 0],
    ['a fenced task after the whole wait', fenced, 0, FENCE_WAIT_MS],
    ['a fenced task after the rest of the wait', fenced, FENCE_WAIT_MS - 1, 1],
    ['a fenced task at once when it has waited', fenced, FENCE_WAIT_MS + 5, 0],
  ];
  for (const [what, template, awayMs, inMs] of waits) it(`gives up ${what}`, () => assert.equal(givenUpInMs(template, awayMs), inMs));

  it('has stopped the old task before the new one may start, for any moments, delays of messages and rates of clocks', () => {
    const rate = fc.double({ min: 1 / FENCE_CLOCK_RATE ** 0.5, max: FENCE_CLOCK_RATE ** 0.5, noNaN: true });
    const delay = fc.integer({ min: 0, max: 60_000 });
    fc.assert(
      fc.property(
        rate,
        rate,
        delay,
        delay,
        fc.integer({ min: 0, max: FENCE_GRACE_MS + FENCE_ENGINE_MS }),
        (agent, leader, travel, notice, stop) => {
          const sentAt = 0;
          const heardAt = sentAt + travel;
          const downAt = heardAt + notice;
          const stoppedAt = sentAt + (FENCE_AFTER_MS + stop) / agent;
          const replacedAt = downAt + FENCE_WAIT_MS / leader;
          assert.ok(stoppedAt < replacedAt, `stopped at ${stoppedAt}, replaced at ${replacedAt}`);
        },
      ),
    );
  });
});
