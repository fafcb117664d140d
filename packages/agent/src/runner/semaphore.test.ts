import assert from 'node:assert/strict';
import { sleep, VirtualClock } from '@tessera/kit';
import { Semaphore } from './semaphore.js';

describe('Semaphore', () => {
  let clock: VirtualClock;
  let semaphore: Semaphore;
  let begun: string[];
  const work = (name: string, ms: number) => async (): Promise<void> => {
    begun.push(name);
    await sleep(clock, ms);
  };

  beforeEach(() => {
    clock = new VirtualClock();
    semaphore = new Semaphore({ clock, limit: 2, holdMs: 5_000 });
    begun = [];
  });

  it('lets so many run at a time, and the others in order', async () => {
    for (const name of ['a', 'b', 'c', 'd']) void semaphore.run(work(name, 100));
    await clock.advance(50);
    assert.deepEqual(begun, ['a', 'b']);
    await clock.advance(100);
    assert.deepEqual(begun, ['a', 'b', 'c', 'd']);
  });

  it('lets work that hangs hold up the others for a while only, and frees its place once', async () => {
    for (const name of ['a', 'b']) void semaphore.run(work(name, 60_000));
    for (const name of ['c', 'd', 'e']) void semaphore.run(work(name, 1_000));
    await clock.advance(4_900);
    assert.deepEqual(begun, ['a', 'b']);
    await clock.advance(200);
    assert.deepEqual(begun, ['a', 'b', 'c', 'd']);
    await clock.advance(60_000);
    for (const name of ['f', 'g', 'h']) void semaphore.run(work(name, 1_000));
    await clock.advance(10);
    assert.deepEqual(begun.slice(4), ['e', 'f', 'g']);
  });

  it('passes failures on and frees the place', async () => {
    const fails = (): Promise<void> => Promise.reject(new Error('no'));
    for (let times = 0; times < 3; times++) await assert.rejects(semaphore.run(fails), /no/);
    void semaphore.run(work('a', 1));
    await clock.advance(10);
    assert.deepEqual(begun, ['a']);
  });
});
