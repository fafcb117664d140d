import type { Clock } from '@tessera/kit';
import type { AppliedEverywhere } from './applied-everywhere.js';

/**
 * Waits until nodes are as the view says now, `limitMs` at most and no longer than until `signal` is aborted.
 * @param revision what the view is at
 * @returns those that are not
 */
export function untilApplied(
  { everywhere, clock, limitMs }: { everywhere: Pick<AppliedEverywhere, 'wait'>; clock: Clock; limitMs: number },
  nodeIds: ReadonlySet<string>,
  revision: number,
  signal: AbortSignal,
): Promise<string[]> {
  if (nodeIds.size === 0 || signal.aborted) return Promise.resolve([...nodeIds]);
  return new Promise((resolve) => {
    const end = (): void => {
      wait.cancel();
      limit.cancel();
      signal.removeEventListener('abort', end);
      resolve([...wait.behind]);
    };
    const limit = clock.timer(limitMs, end);
    signal.addEventListener('abort', end);
    const wait = everywhere.wait(nodeIds, revision, end);
  });
}
