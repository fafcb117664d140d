import type { ServiceProgress } from '@tessera/api';
import type { Clock, Timer } from '@tessera/kit/clock/clock';
import type { Sink } from '../io.js';
import { changedLines, type ProgressState, renderProgress } from './progress.js';
import type { Style } from './style.js';

/** Shows how far a wait is. */
export interface ProgressDisplay {
  show(services: readonly ServiceProgress[]): void;
  disturb(reason: string | undefined): void;
  /** Leaves the last state on the screen. */
  end(): void;
}

export function progressDisplay(sink: Sink, clock: Clock, style: Style): ProgressDisplay {
  return sink.isTerminal ? new TerminalDisplay(sink, clock, style) : new PlainDisplay(sink);
}

/** One line when something changes. */
class PlainDisplay implements ProgressDisplay {
  #shown: readonly ServiceProgress[] = [];
  #disturbance: string | undefined;

  constructor(private readonly sink: Sink) {}

  show(services: readonly ServiceProgress[]): void {
    for (const line of changedLines(this.#shown, services)) this.sink.write(`${line}\n`);
    this.#shown = services;
  }

  disturb(reason: string | undefined): void {
    if (reason !== undefined && reason !== this.#disturbance) this.sink.write(`${reason}; trying again\n`);
    this.#disturbance = reason;
  }

  end(): void {}
}

const REDRAW_MS = 250;

/** Redraws its lines in place. */
class TerminalDisplay implements ProgressDisplay {
  readonly #startedMs: number;
  readonly #state: ProgressState = { services: [], elapsedMs: 0 };
  #drawn = 0;
  #timer: Timer | undefined;

  constructor(
    private readonly sink: Sink,
    private readonly clock: Clock,
    private readonly style: Style,
  ) {
    this.#startedMs = clock.monotonic();
  }

  show(services: readonly ServiceProgress[]): void {
    this.#state.services = services;
    this.#draw();
  }

  disturb(reason: string | undefined): void {
    if (reason === this.#state.disturbance) return;
    this.#state.disturbance = reason;
    this.#draw();
  }

  end(): void {
    this.#timer?.cancel();
    this.#state.disturbance = undefined;
    this.#draw({ last: true });
  }

  #draw({ last = false } = {}): void {
    this.#timer?.cancel();
    this.#state.elapsedMs = this.clock.monotonic() - this.#startedMs;
    const lines = renderProgress(this.#state, this.sink.columns, this.style);
    this.sink.write(`${moveUp(this.#drawn)}${lines.map((line) => `${line}\n`).join('')}`);
    this.#drawn = lines.length;
    if (!last) this.#timer = this.clock.timer(REDRAW_MS, () => this.#draw());
  }
}

/** To the first of the lines drawn before, and clears from there to the end of the screen (ECMA-48: CPL, ED). */
function moveUp(lines: number): string {
  return lines === 0 ? '' : `\u001b[${lines}F\u001b[0J`;
}
