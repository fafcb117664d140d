import assert from 'node:assert/strict';
import { NOW, recordOf } from '../testing/builders.js';
import { planRetention } from './retention.js';

const LIMITS = { perSlot: 2, maxAgeMs: 60_000 };

describe('planRetention', () => {
  it('keeps the youngest ended tasks of each slot, and none that is too old', () => {
    const ended = [1, 2, 3].map((n) => recordOf({ id: `a${n}` }, { state: 'failed', at: NOW - n * 1_000 }));
    const old = recordOf({ id: 'b', slot: 2 }, { state: 'complete', at: NOW - 60_000 });
    const live = recordOf({ id: 'c' }, { state: 'running', at: NOW - 999_999 });
    assert.deepEqual(planRetention([...ended, old, live], LIMITS, NOW), { containers: ['a3', 'b'], collapse: [] });
  });

  it('drops links of a chain of restarts that the manager never saw', () => {
    const chain = [1, 2, 3, 4].map((n) =>
      recordOf({ id: `a${n}` }, { state: 'failed', at: NOW + n }, { known: n === 1, restartSettled: true }),
    );
    assert.deepEqual(planRetention(chain, LIMITS, NOW + 10).collapse, ['a2']);
  });
});
