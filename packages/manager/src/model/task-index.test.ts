import assert from 'node:assert/strict';
import type { Task } from '@tessera/api';
import fc from 'fast-check';
import { newTaskPlace, TaskIndex } from './task-index.js';

const KEYS = ['', 'a', 'b', 'c'];

/** A task of some node, or of none. */
function task(id: number, nodeId: string): Task {
  return { id: String(id), ...(nodeId !== '' && { nodeId }) } as Task;
}

describe('An index of tasks', () => {
  it('has the tasks of each key in the order in which they came, whatever moves, comes and goes', () => {
    const step = fc.record({ id: fc.integer({ min: 0, max: 60 }), key: fc.constantFrom(...KEYS, undefined) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const index = new TaskIndex((one) => one.nodeId, 'ofNode');
        const places = Array.from({ length: 61 }, (_, id) => newTaskPlace(task(id, '')));
        const now = new Map<number, Task>();
        const model = new Map(KEYS.map((key) => [key, new Set<number>()]));
        for (const { id, key } of steps) {
          const [before, after] = [now.get(id), key === undefined ? undefined : task(id, key)];
          index.update(places[id]!, before, after);
          if (before?.nodeId !== after?.nodeId) {
            model.get(before?.nodeId ?? '')!.delete(id);
            model.get(after?.nodeId ?? '')!.add(id);
          }
          if (after) [places[id]!.object] = [after];
          if (after) now.set(id, after);
          else now.delete(id);
        }
        for (const key of KEYS.slice(1))
          assert.deepEqual(
            [...index.of(key)].map((one) => Number(one.id)),
            [...model.get(key)!],
          );
      }),
    );
  });

  it('gives what is there to who takes tasks away while looking at them', () => {
    const index = new TaskIndex((one) => one.nodeId, 'ofNode');
    const places = Array.from({ length: 100 }, (_, id) => newTaskPlace(task(id, 'a')));
    for (const place of places) index.update(place, undefined, place.object);
    const seen: number[] = [];
    for (const one of index.of('a')) {
      seen.push(Number(one.id));
      // Itself, and the last one.
      for (const place of [places[seen.length - 1]!, places[100 - seen.length]!])
        if (place.ofNode >= 0) index.update(place, place.object, undefined);
    }
    assert.deepEqual(seen, [...Array(50).keys()]);
    assert.deepEqual([...index.of('a')], []);
  });
});
