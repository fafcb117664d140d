import type { Clock } from '@tessera/kit';
import type { AppliedBook } from './applied-book.js';

/**
 * Those of `nodeIds` that have applied what the view says now, a part whenever there is more. Ends when all have, when `signal` is
 * aborted, and after `limitMs`.
 */
export async function* appliedNodes(
  { book, clock, limitMs }: { book: AppliedBook; clock: Clock; limitMs: number },
  nodeIds: readonly string[],
  signal: AbortSignal,
): AsyncIterable<string[]> {
  const waiting = new Set(nodeIds);
  const done: string[] = [];
  let isOver = signal.aborted;
  let wake = (): void => {};
  const end = (): void => {
    isOver = true;
    wake();
  };
  const waiter = {
    applied: (nodeId: string): void => {
      if (waiting.delete(nodeId)) done.push(nodeId);
      wake();
    },
  };
  const limit = clock.timer(limitMs, end);
  signal.addEventListener('abort', end, { once: true });
  try {
    for (const nodeId of waiting) book.wait(nodeId, waiter);
    while (!isOver) {
      if (done.length > 0) yield done.splice(0);
      else if (waiting.size === 0) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    limit.cancel();
    signal.removeEventListener('abort', end);
  }
}
