import { setMaxListeners } from 'node:events';

/** Settles as `work` does, or rejects with the signal's reason when that is aborted first. Leaves no listener behind on a signal that lives on. */
export function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** The same signal, which any number of works under way may listen to at a time: Node.js takes more than ten listeners for a leak. */
export function forMany(signal: AbortSignal): AbortSignal {
  setMaxListeners(0, signal);
  return signal;
}
