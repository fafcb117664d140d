import type { ObjectChange } from '@tessera/api';
import type { ReconcileLoop } from '@tessera/kit';
import { planNode } from '../plan/node.js';
import type { Controller, ControllerDeps } from './controller.js';
import { planLoop } from './plan-loop.js';

/** Gives up the tasks of nodes that are down or gone; keys are node ids. */
export class NodeController implements Controller {
  readonly name = 'node';
  readonly #loop: ReconcileLoop;

  constructor(private readonly deps: ControllerDeps) {
    this.#loop = planLoop(this.name, deps, (view, nodeId) => planNode(view, nodeId, deps.clock.now()));
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

  /** Tasks can come to a node just when it goes: then it is looked at again. */
  #mark(nodeId: string | undefined): void {
    if (nodeId !== undefined && this.deps.store.view.get('nodes', nodeId)?.status.state !== 'ready') this.#loop.mark(nodeId);
  }
}
