/** Told when a node is as the view said at the moment from which it is waited for. */
export interface AppliedWaiter {
  applied(nodeId: string): void;
}

/** What one node has been sent and has applied, and who waits for that. */
interface Page {
  applied: number;
  unsent: Set<AppliedWaiter>;
  sent: Array<{ seq: number; waiters: AppliedWaiter[] }>;
}

/**
 * Which sets the nodes of this manager have been sent and have applied. The number of a session's set is all that is counted: a node is
 * as the view said when it has applied the first set that was sent thereafter.
 */
export class AppliedBook {
  readonly #pages = new Map<string, Page>();

  /** @param onWait sees to it that the node is sent what it lacks soon */
  constructor(private readonly onWait: (nodeId: string) => void) {}

  /** Tells `waiter` once the node has applied what the view says now. A node whose agent is away may do so in its next session. */
  wait(nodeId: string, waiter: AppliedWaiter): void {
    this.#page(nodeId).unsent.add(waiter);
    this.onWait(nodeId);
  }

  /** A session of the node begins: numbers start anew. */
  opened(nodeId: string): void {
    const page = this.#page(nodeId);
    page.applied = 0;
    for (const { waiters } of page.sent.splice(0)) for (const waiter of waiters) page.unsent.add(waiter);
  }

  /** All that the view says was sent to the node in sets up to this number. */
  flushed(nodeId: string, seq: number): void {
    const page = this.#pages.get(nodeId);
    if (!page || page.unsent.size === 0) return;
    page.sent.push({ seq, waiters: [...page.unsent] });
    page.unsent.clear();
    this.#settle(nodeId, page);
  }

  /** The node is as the set of this number says. */
  applied(nodeId: string, seq: number): void {
    const page = this.#page(nodeId);
    page.applied = Math.max(page.applied, seq);
    this.#settle(nodeId, page);
  }

  /** The node is down, or no longer this manager's: nobody waits for it here any more. */
  drop(nodeId: string): void {
    this.#pages.delete(nodeId);
  }

  #settle(nodeId: string, page: Page): void {
    const done = page.sent.filter(({ seq }) => seq <= page.applied);
    page.sent = page.sent.filter(({ seq }) => seq > page.applied);
    for (const waiter of done.flatMap(({ waiters }) => waiters)) waiter.applied(nodeId);
  }

  #page(nodeId: string): Page {
    let page = this.#pages.get(nodeId);
    if (!page) this.#pages.set(nodeId, (page = { applied: 0, unsent: new Set(), sent: [] }));
    return page;
  }
}
