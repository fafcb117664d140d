import type { ContainerSpec } from '@tessera/api';
import { unlessAborted } from '@tessera/kit';
import { engineReference } from '../model/image.js';
import type { Engine, ImageInfo } from '../ports/engine.js';
import { EngineError } from '../ports/engine.js';

interface Waiter {
  signal: AbortSignal;
  onProgress(message: string): void;
}

interface Pull {
  done: Promise<void>;
  waiters: Set<Waiter>;
  abort: AbortController;
}

/** Images for tasks: tasks that want the same image at a time share one pull, which ends early when none of them waits any more. */
export class Pulls {
  readonly #engine: Engine;
  readonly #running = new Map<string, Pull>();

  /** @param onPulled is told each reference that was pulled. */
  constructor(
    engine: Engine,
    private readonly onPulled: (reference: string) => void,
  ) {
    this.#engine = engine;
  }

  /** Has the image here by the pull policy. @throws EngineError; the signal's reason when it is aborted first. */
  async ensure(spec: ContainerSpec, waiter: Waiter): Promise<ImageInfo> {
    const { pullPolicy, platform } = spec;
    const reference = engineReference(spec);
    const present = await this.#engine.image(reference);
    if (present && pullPolicy !== 'always') return present;
    if (pullPolicy === 'never') {
      throw new EngineError('image-not-found', `image ${reference} is not on this node, and its pull policy is "never"`);
    }
    waiter.onProgress('pulling image');
    await this.#pull(reference, platform, waiter);
    this.onPulled(reference);
    const pulled = await this.#engine.image(reference);
    if (!pulled) throw new EngineError('other', `image ${reference} was pulled, but the engine does not have it`);
    return pulled;
  }

  async #pull(reference: string, platform: string | undefined, waiter: Waiter): Promise<void> {
    const key = `${reference} ${platform ?? ''}`;
    const pull = this.#running.get(key) ?? this.#start(key, reference, platform);
    pull.waiters.add(waiter);
    try {
      await unlessAborted(waiter.signal, pull.done);
    } finally {
      pull.waiters.delete(waiter);
      if (pull.waiters.size === 0) pull.abort.abort();
    }
  }

  #start(key: string, reference: string, platform: string | undefined): Pull {
    const waiters = new Set<Waiter>();
    const abort = new AbortController();
    const onProgress = (message: string): void => {
      for (const waiter of waiters) waiter.onProgress(message);
    };
    const done = this.#engine.pull(reference, { signal: abort.signal, onProgress, ...(platform !== undefined && { platform }) });
    const pull = { done, waiters, abort };
    this.#running.set(key, pull);
    const end = (): void => {
      if (this.#running.get(key) === pull) this.#running.delete(key);
    };
    abort.signal.addEventListener('abort', end, { once: true });
    done.then(end, end);
    return pull;
  }
}
