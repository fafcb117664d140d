import type { ProbeAnswer } from '@tessera/api';
import { type Clock, newId, type Random } from '@tessera/kit';

export interface ProbesOptions {
  clock: Clock;
  random: Random;
  /** How long a node has to answer, in milliseconds. */
  probeLimitMs: number;
}

/** Questions to agents about their networks that are not answered yet. */
export class Probes {
  readonly #waiting = new Map<string, { nodeId: string; answered(answer: ProbeAnswer): void }>();

  constructor(private readonly options: ProbesOptions) {}

  /** @param send hands the node the question under this id */
  ask(nodeId: string, send: (probeId: string) => void, signal: AbortSignal): Promise<ProbeAnswer> {
    const { clock, random, probeLimitMs } = this.options;
    const probeId = newId(random);
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        timer.cancel();
        this.#waiting.delete(probeId);
        signal.removeEventListener('abort', abort);
      };
      const abort = (): void => {
        settle();
        reject(signal.reason);
      };
      const answered = (answer: ProbeAnswer): void => {
        settle();
        resolve(answer);
      };
      const timer = clock.timer(probeLimitMs, () =>
        answered({ kind: 'failed', message: `it did not answer within ${probeLimitMs / 1000} s` }),
      );
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.set(probeId, { nodeId, answered });
      send(probeId);
    });
  }

  /** What nobody waits for, or another node was asked, is left. */
  answered(nodeId: string, probeId: string, answer: ProbeAnswer): void {
    const waiting = this.#waiting.get(probeId);
    if (waiting?.nodeId === nodeId) waiting.answered(answer);
  }
}
