import type { Manager } from '@tessera/api';
import type { Clock, Timer } from '@tessera/kit';
import type { Peers } from '../../ports/peers.js';
import type { AppliedWaiter } from './applied-book.js';

export interface PeerRoundsOptions {
  peers: Pick<Peers, 'applied'>;
  clock: Clock;
  /** What is waited for of one manager's nodes is gathered so long, and asked for together. */
  tickMs: number;
  /**
   * Nodes of a manager that gives no answer are waited for so long: as long as its lease. By then it is known to be gone, or has found the time
   * to answer.
   */
  unheardMs: number;
  /** No question is open for longer. */
  limitMs: number;
  /** Whether the manager has the node's session still. */
  serves(managerId: string, nodeId: string): boolean;
}

/** Waits for what nodes of other managers apply, by asking those managers. */
export class PeerRounds {
  /** By the ids of managers. */
  readonly #gathered = new Map<string, Round>();
  readonly #open = new Set<Round>();
  #tick: Timer | undefined;

  constructor(private readonly options: PeerRoundsOptions) {}

  /**
   * Tells `waiter` once the node, which `manager` serves, has applied the state of `revision`, or after `unheardMs` without an
   * answer. Does not tell of a node that goes to another manager meanwhile.
   */
  wait(manager: Manager, nodeId: string, revision: number, waiter: AppliedWaiter): void {
    let round = this.#gathered.get(manager.id);
    if (!round) this.#gathered.set(manager.id, (round = new Round(manager, this.options)));
    round.add(nodeId, revision, waiter);
    this.#tick ??= this.options.clock.timer(this.options.tickMs, () => this.#ask());
  }

  stop(): void {
    this.#tick?.cancel();
    for (const round of [...this.#open]) round.end();
  }

  #ask(): void {
    this.#tick = undefined;
    for (const round of this.#gathered.values()) {
      this.#open.add(round);
      void round.run(() => this.#open.delete(round));
    }
    this.#gathered.clear();
  }
}

/** One question to one manager. */
class Round {
  readonly #waiting = new Map<string, Set<AppliedWaiter>>();
  readonly #over = new AbortController();
  #revision = 0;
  #limit: Timer | undefined;
  #patience: Timer | undefined;
  #onEnd: () => void = () => {};

  constructor(
    private readonly manager: Manager,
    private readonly options: PeerRoundsOptions,
  ) {}

  add(nodeId: string, revision: number, waiter: AppliedWaiter): void {
    this.#revision = Math.max(this.#revision, revision);
    const waiters = this.#waiting.get(nodeId);
    if (waiters) waiters.add(waiter);
    else this.#waiting.set(nodeId, new Set([waiter]));
  }

  /** Never rejects. */
  async run(onEnd: () => void): Promise<void> {
    const { peers, clock, limitMs } = this.options;
    this.#onEnd = onEnd;
    this.#limit = clock.timer(limitMs, () => this.end());
    this.#losePatience();
    try {
      for await (const nodeIds of peers.applied(this.manager, [...this.#waiting.keys()], this.#revision, this.#over.signal)) {
        this.#patience?.cancel();
        this.#patience = undefined;
        for (const nodeId of nodeIds) this.#tell(nodeId);
      }
    } catch {
      // It cannot be reached, does not know the question or went away: all the same to those who wait.
    }
    if (this.#waiting.size === 0) this.end();
    else this.#losePatience();
  }

  /** Tells nobody anything any more. */
  end(): void {
    this.#over.abort();
    this.#limit?.cancel();
    this.#patience?.cancel();
    this.#onEnd();
  }

  #losePatience(): void {
    if (this.#over.signal.aborted) return;
    this.#patience ??= this.options.clock.timer(this.options.unheardMs, () => {
      for (const nodeId of [...this.#waiting.keys()]) if (this.options.serves(this.manager.id, nodeId)) this.#tell(nodeId);
      this.end();
    });
  }

  #tell(nodeId: string): void {
    for (const waiter of this.#waiting.get(nodeId) ?? []) waiter.applied(nodeId);
    this.#waiting.delete(nodeId);
  }
}
