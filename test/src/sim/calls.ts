import { ApiError } from '@tessera/api';
import type { SeededRandom } from '@tessera/kit';
import type { UseCaseContext } from '@tessera/manager/use-case/context';
import type { SimWorld } from './world/world.js';

/** One call of a user. */
export interface Call {
  run(context: UseCaseContext): Promise<void>;
  /** It was sent: what it may change is not known any more. */
  begun?(): void;
  /** Its answer came, and said that it is done. */
  done?(): void;
}

/** A manager that dies takes its answer with it: nobody waits longer for one. */
const ANSWER_LIMIT_MS = 60_000;

/** Makes calls of users at any manager that serves, one at a time for each key. */
export class Calls {
  readonly #busy = new Set<string>();

  constructor(
    private readonly world: SimWorld,
    private readonly random: SeededRandom,
  ) {}

  /** Whether every call has had its answer. */
  get isDone(): boolean {
    return this.#busy.size === 0;
  }

  run(key: string, words: string, call: Call): void {
    const managers = this.world.managers.filter(({ context }) => context !== undefined);
    const manager = managers[Math.floor(this.random.next() * managers.length)];
    if (!manager?.context || this.#busy.has(key)) return;
    const { history } = this.world;
    history.note(`user at ${manager.name}: ${words}`);
    this.#busy.add(key);
    call.begun?.();
    let isOpen = true;
    const close = (answer: string): void => {
      if (!isOpen) return;
      isOpen = false;
      this.#busy.delete(key);
      history.note(`answer to ${words.split(':')[0]}: ${answer}`);
    };
    this.world.clock.timer(ANSWER_LIMIT_MS, () => close('none'));
    call.run(manager.context).then(
      () => {
        if (isOpen) call.done?.();
        close('done');
      },
      (error: unknown) => close(error instanceof ApiError ? `${error.code}: ${error.message}` : `unexpected ${String(error)}`),
    );
  }
}
