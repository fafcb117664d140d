import type { ObjectChange } from '@tessera/api';
import type { ReconcileLoop } from '@tessera/kit';
import type { ClusterView } from '../model/view.js';
import { planNode } from '../plan/node.js';
import type { Controller, ControllerDeps } from './controller.js';
import { planLoop } from './plan-loop.js';

/** Gives up the tasks of nodes that are down or gone; keys are node ids. */
export class NodeController implements Controller {
  readonly name = 'node';
  readonly #loop: ReconcileLoop;
  /**
   * Since when each node is away, by the monotonic clock. Not told by the node's status: its time is of another manager's clock, or of one that was
   * set since. A new leader counts anew, which waits longer and never too short.
   */
  readonly #awaySince = new Map<string, number>();

  constructor(private readonly deps: ControllerDeps) {
    this.#loop = planLoop(this.name, deps, (view, nodeId) => planNode(view, nodeId, deps.clock.now(), this.#awayMs(view, nodeId)));
  }

  start(): void {
    for (const node of this.deps.store.view.all('nodes')) this.#loop.mark(node.id);
    for (const task of this.deps.store.view.all('tasks')) this.#mark(task.nodeId);
  }

  onChange(change: ObjectChange): void {
    if (change.kind === 'nodes') this.#loop.mark(change.id);
    if (change.kind === 'tasks') this.#mark(change.object?.nodeId);
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  #awayMs(view: ClusterView, nodeId: string): number {
    const now = this.deps.clock.monotonic();
    if (view.get('nodes', nodeId)?.status.state === 'ready') this.#awaySince.delete(nodeId);
    else if (!this.#awaySince.has(nodeId)) this.#awaySince.set(nodeId, now);
    return now - (this.#awaySince.get(nodeId) ?? now);
  }

  /** Tasks can come to a node just when it goes: then it is looked at again. */
  #mark(nodeId: string | undefined): void {
    if (nodeId !== undefined && this.deps.store.view.get('nodes', nodeId)?.status.state !== 'ready') this.#loop.mark(nodeId);
  }
}
