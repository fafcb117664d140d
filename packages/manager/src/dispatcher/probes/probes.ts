import type { ProbeAnswer } from '@tessera/api';
import { type Clock, newId, type Random, unlessAborted, withDeadline } from '@tessera/kit';

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

  /**
   * @param send hands the node the question under this id
   * @throws the reason of `signal` when that is aborted
   */
  async ask(nodeId: string, send: (probeId: string) => void, signal: AbortSignal): Promise<ProbeAnswer> {
    const { clock, random, probeLimitMs } = this.options;
    const probeId = newId(random);
    const answered = new Promise<ProbeAnswer>((resolve) => this.#waiting.set(probeId, { nodeId, answered: resolve }));
    const late = new Error(`it did not answer within ${probeLimitMs / 1000} s`);
    send(probeId);
    try {
      return await withDeadline(clock, probeLimitMs, unlessAborted(signal, answered), () => late);
    } catch (error) {
      if (error !== late) throw error;
      return { kind: 'failed', message: late.message };
    } finally {
      this.#waiting.delete(probeId);
    }
  }

  /** What nobody waits for, or another node was asked, is left. */
  answered(nodeId: string, probeId: string, answer: ProbeAnswer): void {
    const waiting = this.#waiting.get(probeId);
    if (waiting?.nodeId === nodeId) waiting.answered(answer);
  }

  /** The node's session is over: what it was asked it will not answer. */
  gone(nodeId: string): void {
    for (const waiting of this.#waiting.values())
      if (waiting.nodeId === nodeId) waiting.answered({ kind: 'failed', message: 'its agent went away before it answered' });
  }
}
