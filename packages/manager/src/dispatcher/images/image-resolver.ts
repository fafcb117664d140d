import type { AgentMessage, ManagerMessage } from '@tessera/api';
import { type Clock, newId, type Random, withDeadline } from '@tessera/kit';
import type { ResolvedImage } from '../../ports/dispatcher.js';

type Answer = Extract<AgentMessage, { type: 'image-resolved' }>;

export interface ImageResolverOptions {
  clock: Clock;
  random: Random;
  /** How long an agent has to answer, in milliseconds. */
  resolveLimitMs: number;
}

/** Asks agents what references to images mean: they reach the registries and have the credentials. */
export class ImageResolver {
  readonly #waiting = new Map<string, (answer: Answer) => void>();

  constructor(private readonly options: ImageResolverOptions) {}

  /** @param send hands a message to an agent */
  async ask(image: string, send: (message: ManagerMessage) => void): Promise<ResolvedImage> {
    const { clock, random, resolveLimitMs } = this.options;
    const requestId = newId(random);
    const answered = new Promise<Answer>((resolve) => this.#waiting.set(requestId, resolve));
    try {
      send({ type: 'resolve-image', requestId, image });
      const { digest, error } = await withDeadline(clock, resolveLimitMs, answered, () => new Error('no answer in time'));
      return digest === undefined ? { error: error ?? 'no digest came' } : { digest };
    } catch (error) {
      return { error: (error as Error).message };
    } finally {
      this.#waiting.delete(requestId);
    }
  }

  /** An answer that nobody waits for any more is left. */
  answered(answer: Answer): void {
    this.#waiting.get(answer.requestId)?.(answer);
  }
}
