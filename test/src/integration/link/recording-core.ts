import {
  type LogFrame,
  type LogOptions,
  NODE_SET_KINDS,
  type NodeDescription,
  type NodeSetItems,
  type NodeSetKind,
  type TaskReport,
  type TaskStatus,
  type TaskUsage,
} from '@tessera/api';

type Item = NodeSetItems[NodeSetKind][number];

/** An agent that runs nothing: it keeps what it was sent, and reports what a test tells it. */
export class RecordingCore {
  readonly merged: Record<NodeSetKind, Map<string, Item>> = {
    tasks: new Map(),
    ended: new Map(),
    networks: new Map(),
    services: new Map(),
    files: new Map(),
  };
  readonly confirmed: TaskReport[] = [];
  readonly seqs: number[] = [];
  /** When heartbeats were sent that were answered. */
  readonly granted = (sentAtMs: number): void => void this.grants.push(sentAtMs);
  readonly grants: number[] = [];
  /** Sets are in the node's kernel as soon as they come. */
  isApplying = true;
  /** Sets that came whole. */
  replaced = 0;
  held: TaskReport[] = [];
  /** Lines of the log of every task. */
  logLines: () => AsyncIterable<LogFrame> = async function* () {
    yield { type: 'end' };
  };
  /** Saving a set waits for this. */
  saved: Promise<void> = Promise.resolve();
  /** Looking at the host waits for this. */
  looked: Promise<void> = Promise.resolve();
  readonly #listeners = new Set<(report: TaskReport) => void>();
  readonly #onApplied = new Set<(seq: number) => void>();

  constructor(public description: NodeDescription) {}

  async describe(): Promise<NodeDescription> {
    await this.looked;
    return this.description;
  }

  async resolveImage(image: string): Promise<string> {
    if (image.includes('nowhere')) throw new Error(`${image} is nowhere`);
    return `sha256:${'d'.repeat(64)}`;
  }

  heldTasks(): TaskReport[] {
    return [...this.held];
  }

  async replaceDesired(seq: number, items: NodeSetItems): Promise<void> {
    await this.saved;
    this.replaced += 1;
    for (const kind of NODE_SET_KINDS) this.merged[kind] = new Map((items[kind] as Item[]).map((item) => [item.id, item]));
    this.seqs.push(seq);
    if (this.isApplying) this.apply();
  }

  async mergeDesired(seq: number, put: NodeSetItems, remove: Record<NodeSetKind, string[]>): Promise<void> {
    await this.saved;
    for (const kind of NODE_SET_KINDS) {
      for (const item of put[kind] as Item[]) this.merged[kind].set(item.id, item);
      for (const id of remove[kind]) this.merged[kind].delete(id);
    }
    for (const id of remove.tasks) this.held = this.held.filter((report) => report.taskId !== id);
    this.seqs.push(seq);
    if (this.isApplying) this.apply();
  }

  onApplied(listener: (seq: number) => void): () => void {
    this.#onApplied.add(listener);
    return () => this.#onApplied.delete(listener);
  }

  /** The node's network has become as the last set says. */
  apply(): void {
    for (const listener of this.#onApplied) listener(this.seqs.at(-1) ?? 0);
  }

  onReport(listener: (report: TaskReport) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  confirmReported(reports: readonly TaskReport[]): void {
    this.confirmed.push(...reports);
  }

  usage(): Promise<TaskUsage[]> {
    return Promise.resolve([]);
  }

  logs(_taskId: string, _options: LogOptions, _signal: AbortSignal): AsyncIterable<LogFrame> {
    return this.logLines();
  }

  /** A task changes on the node. */
  report(taskId: string, status: TaskStatus, successorOf?: string): void {
    const report: TaskReport = { taskId, status, ...(successorOf !== undefined && { successorOf }) };
    this.held = [...this.held.filter((one) => one.taskId !== taskId), report];
    for (const listener of this.#listeners) listener(report);
  }

  async connect(): Promise<never> {
    throw new Error('it has no containers');
  }

  /** The merged set in one order, to be compared. */
  sorted(): Record<NodeSetKind, Item[]> {
    return sortedItems(
      Object.fromEntries(NODE_SET_KINDS.map((kind) => [kind, [...this.merged[kind].values()]])) as Record<NodeSetKind, Item[]>,
    );
  }
}

export function sortedItems(items: Readonly<Record<NodeSetKind, readonly Item[]>>): Record<NodeSetKind, Item[]> {
  const order = (list: readonly Item[]): Item[] => [...list].sort((a, b) => (a.id < b.id ? -1 : 1));
  return {
    tasks: order(items.tasks),
    ended: order(items.ended),
    networks: order(items.networks),
    services: order(items.services),
    files: order(items.files),
  };
}
