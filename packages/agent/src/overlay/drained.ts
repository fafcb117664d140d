import { type Clock, type Log, sleep } from '@tessera/kit';
import type { KernelNetwork } from '../ports/kernel.js';

/** How often connections are counted while they are waited for. */
const COUNT_INTERVAL_MS = 200;

/** What was sent just before the last node stopped sending may still be on its way, and is seen only when it has come. */
const ON_ITS_WAY_MS = 100;

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
    await sleep(clock, Math.min(ON_ITS_WAY_MS, limitMs), signal).catch(() => {});
    while (!signal.aborted && (await kernel.connections(addresses)) > 0) {
      const leftMs = until - clock.monotonic();
      if (leftMs <= 0) return;
      await sleep(clock, Math.min(COUNT_INTERVAL_MS, leftMs), signal).catch(() => {});
    }
  } catch (error) {
    log.warn({ error }, 'connections of a task that is to go cannot be counted: it is stopped at once');
  }
}
