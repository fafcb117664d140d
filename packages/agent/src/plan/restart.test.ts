import assert from 'node:assert/strict';
import type { RestartPolicy, TaskState } from '@tessera/api';
import { restartDecision } from './restart.js';

const POLICY: RestartPolicy = { condition: 'any', delayMs: 5_000, maxAttempts: 0, windowMs: 0 };

function decide(state: TaskState, policy: Partial<RestartPolicy> = {}, restarts: number[] = []) {
  return restartDecision({ state, endedAt: 100_000, restarts, policy: { ...POLICY, ...policy } });
}

describe('restartDecision', () => {
  it('restarts after the delay and counts the attempt', () => {
    assert.deepEqual(decide('failed', {}, [1]), { restart: true, startAfter: 105_000, restarts: [1, 100_000] });
  });

  const refusals: [string, TaskState, Partial<RestartPolicy>, number[], RegExp][] = [
    ['condition none', 'failed', { condition: 'none' }, [], /condition is none/],
    ['success with on-failure', 'complete', { condition: 'on-failure' }, [], /completed/],
    ['a node that cannot run it', 'rejected', {}, [], /cannot run/],
    ['a stop by order', 'shutdown', {}, [], /shutdown/],
    ['attempts that are used up', 'failed', { maxAttempts: 2 }, [1, 2], /2 of 2/],
  ];
  for (const [what, state, policy, restarts, reason] of refusals) {
    it(`does not restart after ${what}`, () => {
      const decision = decide(state, policy, restarts);
      assert.match(decision.restart ? '' : decision.reason, reason);
    });
  }

  it('forgets attempts that are older than the window', () => {
    assert.equal(decide('failed', { maxAttempts: 2, windowMs: 10_000 }, [80_000, 89_999]).restart, true);
    assert.equal(decide('failed', { maxAttempts: 2, windowMs: 10_000 }, [90_001, 95_000]).restart, false);
  });

  it('remembers a bounded number of restarts', () => {
    const decision = decide(
      'failed',
      {},
      Array.from({ length: 500 }, (_, index) => index),
    );
    assert.equal(decision.restart && decision.restarts.length, 100);
  });
});
