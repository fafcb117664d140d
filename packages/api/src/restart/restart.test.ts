import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { TaskStatus } from '../object/objects.js';
import type { RestartPolicy } from '../spec/service-spec.js';
import { MOST_BACKOFF_MS, RAN_WELL_MS, restartDelayMs } from './backoff.js';
import { type EndedRun, type RestartDecision, restartDecision } from './decision.js';

const POLICY: RestartPolicy = { condition: 'any', delayMs: 5_000, maxAttempts: 0, windowMs: 0 };
const END = 100_000;

function decide(state: TaskStatus['state'], policy: Partial<RestartPolicy> = {}, more: Partial<EndedRun> = {}): RestartDecision {
  const status: TaskStatus = { state, at: END, message: state, error: 'exit code 1' };
  return restartDecision({ status, policy: { ...POLICY, ...policy }, restarts: [], ...more });
}

const failedAt = (runningAt: number): TaskStatus => ({ state: 'failed', at: END, message: 'failed', runningAt, finishedAt: END });

describe('restartDecision', () => {
  it('restarts after the delay, and tells which restart it is and why', () => {
    assert.deepEqual(decide('failed'), { isRestarted: true, startAfter: END + 5_000, restart: { attempt: 1, reason: 'exit code 1' } });
  });

  it('counts the delay from the end of the container, not from when that was noticed', () => {
    const decision = decide('failed', {}, { status: { ...failedAt(0), at: END + 60_000 } });
    assert.equal(decision.isRestarted && decision.startAfter, END + 5_000);
  });

  const conditions: [RestartPolicy['condition'], TaskStatus['state'], boolean][] = [
    ['any', 'failed', true],
    ['any', 'complete', true],
    ['any', 'rejected', true],
    ['on-failure', 'failed', true],
    ['on-failure', 'complete', false],
    ['on-failure', 'rejected', true],
    ['none', 'failed', false],
    ['none', 'complete', false],
    ['none', 'rejected', false],
    ['any', 'shutdown', false],
    ['any', 'orphaned', false],
    ['any', 'running', false],
  ];
  for (const [condition, state, restarts] of conditions) {
    it(`${restarts ? 'restarts' : 'does not restart'} what is ${state} when the condition is ${condition}`, () => {
      assert.equal(decide(state, { condition }).isRestarted, restarts);
    });
  }

  /** Swarm's counting: all attempts without a window; with one, those younger than it before the end. */
  const windows: [string, Partial<RestartPolicy>, number[], boolean][] = [
    ['no limit', { maxAttempts: 0 }, [1, 2, 3, 4, 5, 6, 7, 8, 9], true],
    ['one attempt left', { maxAttempts: 3 }, [1, 2], true],
    ['no attempt left', { maxAttempts: 2 }, [1, 2], false],
    ['an attempt that is just as old as the window', { maxAttempts: 1, windowMs: 10_000 }, [END - 10_000], true],
    ['an attempt that is a little younger', { maxAttempts: 1, windowMs: 10_000 }, [END - 9_999], false],
    ['one of two attempts in the window', { maxAttempts: 2, windowMs: 10_000 }, [1, END - 1], true],
    ['a window without a limit', { windowMs: 10_000 }, [END - 2, END - 1], true],
  ];
  for (const [what, policy, restarts, isRestarted] of windows) {
    it(`${isRestarted ? 'restarts' : 'gives up'} with ${what}`, () => {
      assert.equal(decide('failed', policy, { restarts }).isRestarted, isRestarted);
    });
  }

  it('says how many attempts were used up', () => {
    const decision = decide('failed', { maxAttempts: 2 }, { restarts: [1, 2] });
    assert.equal(decision.isRestarted || decision.reason, 'restarted 2 of 2 times allowed');
  });

  it('begins a new row when the task ran well for a minute before it ended', () => {
    const restart = { attempt: 9, reason: 'exit code 1' };
    for (const [ranMs, attempt] of [
      [RAN_WELL_MS, 1],
      [RAN_WELL_MS - 1, 10],
    ] as const) {
      const decision = decide('failed', {}, { status: failedAt(END - ranMs), restart });
      assert.equal(decision.isRestarted && decision.restart.attempt, attempt);
    }
  });

  it('goes on in the row when the task never came to run, however long its container did', () => {
    const { runningAt: _, ...neverHealthy } = failedAt(0);
    const decision = decide('failed', {}, { status: { ...neverHealthy, startedAt: 0 }, restart: { attempt: 4, reason: '' } });
    assert.equal(decision.isRestarted && decision.restart.attempt, 5);
  });
});

describe('restartDelayMs', () => {
  const delays = (policyDelayMs: number, succeeded = false): number[] =>
    Array.from({ length: 10 }, (_, index) => restartDelayMs(index + 1, policyDelayMs, succeeded) / 1_000);

  const table: [string, number[], number[]][] = [
    ['the default delay', delays(5_000), [5, 5, 5, 10, 20, 40, 80, 160, 300, 300]],
    ['no delay', delays(0), [0, 0, 0, 1, 2, 4, 8, 16, 32, 64]],
    ['a delay longer than the bound', delays(600_000), Array(10).fill(600)],
    ['no delay and success', delays(0, true), [0, 0, 0, 1, 2, 4, 5, 5, 5, 5]],
    ['a delay and success', delays(10_000, true), Array(10).fill(10)],
  ];
  for (const [what, are, shouldBe] of table) {
    it(`grows from ${what}`, () => assert.deepEqual(are, shouldBe));
  }

  it('is never shorter than the policy says or than for the attempt before, and bounded', () => {
    const policyDelay = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1_000_000 }));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), policyDelay, fc.boolean(), (attempt, policyDelayMs, succeeded) => {
        const delayMs = restartDelayMs(attempt, policyDelayMs, succeeded);
        assert.ok(delayMs >= policyDelayMs && delayMs <= Math.max(policyDelayMs, MOST_BACKOFF_MS));
        assert.ok(restartDelayMs(attempt + 1, policyDelayMs, succeeded) >= delayMs);
      }),
    );
  });

  it('lets a loop without a delay start at most twenty tasks in its first minute', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.boolean(), (policyDelayMs, succeeded) => {
        let [elapsedMs, starts] = [0, 0];
        while (elapsedMs <= 60_000) elapsedMs += restartDelayMs(++starts, policyDelayMs, succeeded);
        assert.ok(starts <= 20, `${starts} starts`);
      }),
    );
  });
});
