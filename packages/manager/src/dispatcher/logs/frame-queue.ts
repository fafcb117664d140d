import type { LogFrame } from '@tessera/api';
import type { SessionSocket } from '@tessera/kit';

const PAUSE_AT_FRAMES = 256;
const RESUME_AT_FRAMES = 64;

/** Frames between a socket and a slower reader: the socket is paused while many wait. Read it once. */
export class FrameQueue implements AsyncIterable<LogFrame> {
  readonly #frames: LogFrame[] = [];
  #ended = false;
  #paused = false;
  #wake: (() => void) | undefined;

  constructor(private readonly socket: SessionSocket) {}

  /** Does nothing after `end`. */
  push(frame: LogFrame): void {
    if (this.#ended) return;
    this.#frames.push(frame);
    if (!this.#paused && this.#frames.length >= PAUSE_AT_FRAMES) {
      this.#paused = true;
      this.socket.pause();
    }
    this.#wake?.();
  }

  /** No frame comes any more; those that wait are still read. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterator<LogFrame> {
    for (;;) {
      for (let frame = this.#frames.shift(); frame; frame = this.#frames.shift()) {
        this.#resumeWhenLow();
        yield frame;
      }
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #resumeWhenLow(): void {
    if (!this.#paused || this.#frames.length > RESUME_AT_FRAMES) return;
    this.#paused = false;
    this.socket.resume();
  }
}
