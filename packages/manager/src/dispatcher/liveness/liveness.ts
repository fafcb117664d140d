import { isDeepStrictEqual } from 'node:util';
import type { Node, NodeDescription, NodeStatus } from '@tessera/api';
import type { Clock, Timer } from '@tessera/kit';
import type { ClusterView } from '../../model/view.js';
import type { Update, UpdateQueue } from '../intake/update-queue.js';

export interface LivenessOptions {
  view: ClusterView;
  clock: Clock;
  queue: UpdateQueue;
  /** Whether the node has a session now, be it that it has not said hello yet. */
  hasSession(nodeId: string): boolean;
  /** How long after its agent was last heard a node without a session is down, in milliseconds. */
  silenceLimitMs: number;
  /** How long it may be without one at least, in milliseconds. */
  reconnectGraceMs: number;
  /** How long nodes have to come back after this manager started, in milliseconds. */
  startGraceMs: number;
}

/**
 * Says which nodes are ready and which are down: the one place that writes `status` and `description` of nodes.
 * It knows the sessions of this manager only; when several managers hold sessions, this is what must ask the others.
 */
export class Liveness {
  readonly #graces = new Map<string, Timer>();
  readonly #startGrace: Timer;
  #stopped = false;

  constructor(private readonly options: LivenessOptions) {
    this.#startGrace = options.clock.timer(options.startGraceMs, () => this.#missEveryoneAway());
  }

  /** A session of the node was opened. Resolves when the node's status and description are stored. */
  connected(nodeId: string, description: NodeDescription): Promise<void> {
    this.#graces.get(nodeId)?.cancel();
    this.#graces.delete(nodeId);
    return this.options.queue.submit([
      this.#update(nodeId, (node) => ({ ...node, description, status: this.#status(node, 'ready', 'its agent is connected') })),
    ]);
  }

  /**
   * The node's last session ended. A closed connection counts no more than silence: an agent that crashed or is being replaced by
   * a newer one has as long to come back and adopt what runs.
   * @param silentForMs since the agent was last heard
   * @param reason in words, for people
   */
  disconnected(nodeId: string, silentForMs: number, reason: string): void {
    if (this.#stopped) return;
    const { clock, silenceLimitMs, reconnectGraceMs } = this.options;
    this.#graces.get(nodeId)?.cancel();
    this.#graces.set(
      nodeId,
      clock.timer(Math.max(silenceLimitMs - silentForMs, reconnectGraceMs), () => {
        this.#graces.delete(nodeId);
        void this.#down(nodeId, reason);
      }),
    );
  }

  described(nodeId: string, description: NodeDescription): Promise<void> {
    return this.options.queue.submit([this.#update(nodeId, (node) => ({ ...node, description }))]);
  }

  /** Judges nobody any more: this manager ends, its nodes go on elsewhere. */
  stop(): void {
    this.#stopped = true;
    this.#startGrace.cancel();
    for (const timer of this.#graces.values()) timer.cancel();
    this.#graces.clear();
  }

  #missEveryoneAway(): void {
    for (const node of this.options.view.all('nodes')) {
      const isAway = !this.options.hasSession(node.id) && !this.#graces.has(node.id);
      if (isAway && node.status.state === 'ready') void this.#down(node.id, 'its agent did not connect after the manager started');
    }
  }

  #down(nodeId: string, reason: string): Promise<void> {
    const update = this.#update(nodeId, (node) =>
      this.options.hasSession(nodeId) ? node : { ...node, status: this.#status(node, 'down', reason) },
    );
    // A queue that was stopped leaves the judgement to the next manager.
    return this.options.queue.submit([update]).catch(() => {});
  }

  #update(nodeId: string, change: (node: Node) => Node): Update {
    return {
      kind: 'nodes',
      id: nodeId,
      apply: (stored) => {
        if (!stored) return undefined;
        const changed = change(stored as Node);
        return isDeepStrictEqual(changed, stored) ? undefined : changed;
      },
    };
  }

  /** The status as it was when only its time would change. */
  #status(node: Node, state: NodeStatus['state'], message: string): NodeStatus {
    return node.status.state === state ? node.status : { state, message, at: this.options.clock.now() };
  }
}
