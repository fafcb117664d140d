import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { forMany, unlessAborted } from './abort.js';

const listeners = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('unlessAborted', () => {
  it('settles as the work does, and leaves no listener on the signal', async () => {
    const { signal } = new AbortController();
    const done = unlessAborted(signal, Promise.resolve('done'));
    assert.equal(listeners(signal), 1);
    assert.equal(await done, 'done');
    await assert.rejects(unlessAborted(signal, Promise.reject(new Error('failed'))), /failed/);
    assert.equal(listeners(signal), 0);
  });

  it('rejects with the reason of the signal, before or during the work', async () => {
    const never = new Promise<never>(() => {});
    const controller = new AbortController();
    const waiting = unlessAborted(controller.signal, never);
    controller.abort(new Error('gone home'));
    await assert.rejects(waiting, /gone home/);
    await assert.rejects(unlessAborted(controller.signal, never), /gone home/);
  });
});

describe('forMany', () => {
  it('lets more listen to a signal at a time than Node.js takes for a leak', async () => {
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', onWarning);
    const signal = forMany(new AbortController().signal);
    for (let count = 0; count < 12; count++) signal.addEventListener('abort', () => {});
    // Warnings are told in the next turn of the loop.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', onWarning);
    assert.deepEqual(warnings, []);
  });
});
