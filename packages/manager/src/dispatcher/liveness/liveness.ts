import { isDeepStrictEqual } from 'node:util';
import type { Node, NodeDescription, NodeSession, NodeStatus } from '@tessera/api';
import type { Clock } from '@tessera/kit';
import { sameSession } from '../../model/session.js';
import type { ClusterView } from '../../model/view.js';
import type { Presence } from '../../ports/presence.js';
import type { Update, UpdateQueue } from '../intake/update-queue.js';

export interface LivenessOptions {
  view: ClusterView;
  clock: Clock;
  queue: UpdateQueue;
  presence: Presence;
}

/** A node without a session, which is down at the end of its grace. */
interface Grace {
  session: NodeSession;
  reason: string;
  endsAtMs: number;
}

/**
 * Says which of this manager's nodes are ready and which are down. A node belongs to the manager that the node's `session`
 * names: what one manager writes of a node holds only as long as no session has come after it, here or elsewhere.
 */
export class Liveness {
  /** Nodes whose agent is to come back. */
  readonly #graces = new Map<string, Grace>();

  constructor(private readonly options: LivenessOptions) {}

  /**
   * Makes the node this manager's own, as its agent has connected here. Resolves with the session that the node now has;
   * undefined when the node has come to another manager since, or this one has lost its place.
   * @param isOpen whether the connection is there still
   */
  async claim(nodeId: string, isOpen: () => boolean): Promise<NodeSession | undefined> {
    const { view, queue, presence } = this.options;
    const before = view.get('nodes', nodeId)?.session;
    if (presence.id === undefined) return undefined;
    const session = { manager: presence.id, epoch: (before?.epoch ?? 0) + 1 };
    // The store decides between two managers: the second to write finds another session than it has seen.
    const claim = this.#update(nodeId, (node) => (isOpen() && sameSession(node.session, before) ? { ...node, session } : node));
    await queue.submit([claim]);
    if (!sameSession(view.get('nodes', nodeId)?.session, session)) return undefined;
    this.#graces.delete(nodeId);
    return session;
  }

  /** What the node holds is known. Resolves when its status and description are stored. */
  connected(nodeId: string, session: NodeSession, description: NodeDescription): Promise<void> {
    return this.#write(nodeId, session, (node) => ({
      ...node,
      description,
      status: this.#status(node, 'ready', 'its agent is connected'),
    }));
  }

  /**
   * The node's last session ended.
   * @param graceMs time that its agent has to come back, here or at another manager, and adopt what runs; the node is down thereafter
   * @param reason in words, for people
   */
  disconnected(nodeId: string, session: NodeSession, graceMs: number, reason: string): void {
    const { clock, presence } = this.options;
    if (session.manager === presence.id) this.#graces.set(nodeId, { session, reason, endsAtMs: clock.monotonic() + graceMs });
  }

  /**
   * Says which nodes have had the time to come back and did not. To be called several times a second.
   * @param lateMs for so long nobody could come back, since this manager did not run
   */
  judge(lateMs: number): void {
    for (const [nodeId, grace] of this.#graces) {
      grace.endsAtMs += lateMs;
      if (grace.endsAtMs > this.options.clock.monotonic()) continue;
      this.#graces.delete(nodeId);
      const { session, reason } = grace;
      // A queue that was stopped leaves the judgement to others.
      void this.#write(nodeId, session, (node) => ({ ...node, status: this.#status(node, 'down', reason) })).catch(() => {});
    }
  }

  described(nodeId: string, session: NodeSession, description: NodeDescription): Promise<void> {
    return this.#write(nodeId, session, (node) => ({ ...node, description }));
  }

  /** Judges nobody any more: this manager ends or has lost its place, its nodes go on elsewhere. */
  judgeNobody(): void {
    this.#graces.clear();
  }

  /** Changes the node, unless it has another session by now. */
  #write(nodeId: string, session: NodeSession, change: (node: Node) => Node): Promise<void> {
    const update = this.#update(nodeId, (node) => (sameSession(node.session, session) ? change(node) : node));
    return this.options.queue.submit([update]);
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
