/** Exit code of a process that ends by a signal, as shells have it: 128 and the signal's number. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;
type StopSignal = keyof typeof EXIT_CODES;

const SIGNALS = Object.keys(EXIT_CODES) as StopSignal[];

/**
 * Resolves with the first SIGTERM or SIGINT, or when `stop` is aborted. A second signal ends the process at once: what was
 * acknowledged is on disk, so nothing is lost.
 */
export function stopRequested(stop?: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    let isStopping = false;
    const onSignal = (signal: NodeJS.Signals): void => {
      if (isStopping) process.exit(EXIT_CODES[signal as StopSignal]);
      isStopping = true;
      resolve(signal);
    };
    for (const signal of SIGNALS) process.on(signal, onSignal);
    const onAbort = (): void => {
      for (const signal of SIGNALS) process.off(signal, onSignal);
      resolve('the caller');
    };
    if (stop?.aborted) return onAbort();
    stop?.addEventListener('abort', onAbort, { once: true });
  });
}
