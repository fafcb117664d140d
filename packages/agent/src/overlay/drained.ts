import { type Clock, type Log, sleep } from '@tessera/kit';
import type { KernelNetwork } from '../ports/kernel.js';

/** How often connections are counted while they are waited for. */
const COUNT_INTERVAL_MS = 200;

export interface DrainOptions {
  kernel: Pick<KernelNetwork, 'connections'>;
  clock: Clock;
  log: Log;
  addresses: readonly string[];
  limitMs: number;
  signal: AbortSignal;
}

/** Waits until no connection to the addresses is left, at most `limitMs`. What cannot be counted is not waited for. */
export async function drained({ kernel, clock, log, addresses, limitMs, signal }: DrainOptions): Promise<void> {
  const until = clock.monotonic() + limitMs;
  try {
    while (!signal.aborted && (await kernel.connections(addresses)) > 0) {
      const leftMs = until - clock.monotonic();
      if (leftMs <= 0) return;
      await sleep(clock, Math.min(COUNT_INTERVAL_MS, leftMs), signal).catch(() => {});
    }
  } catch (error) {
    log.warn({ error }, 'connections of a task that is to go cannot be counted: it is stopped at once');
  }
}
