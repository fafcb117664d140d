import type { Clock, Timer } from './clock.js';

/**
 * Calls `run` again and again, `periodMs` after the last call has returned, until it is cancelled. `run` is told by how many milliseconds
 * it comes late: for so long this process did not run (its machine was paused, or it got no processor), and what others sent it
 * meanwhile has not been read yet.
 */
export function repeat(clock: Clock, periodMs: number, run: (lateMs: number) => void): Timer {
  let isOver = false;
  const arm = (): Timer => {
    const dueAt = clock.monotonic() + periodMs;
    return clock.timer(periodMs, () => {
      run(Math.max(0, clock.monotonic() - dueAt));
      if (!isOver) timer = arm();
    });
  };
  let timer = arm();
  return {
    cancel: () => {
      isOver = true;
      timer.cancel();
    },
  };
}
