import type { NodeUsage, ObjectChange } from '@tessera/api';
import type { ReconcileLoop } from '@tessera/kit';
import { planAutoscale } from '../plan/autoscale/autoscale.js';
import type { Controller, ControllerDeps } from './controller.js';
import { planLoop } from './plan-loop.js';

/** Changes the number of tasks by what they use; keys are service ids. */
export class AutoscaleController implements Controller {
  readonly name = 'autoscale';
  readonly #loop: ReconcileLoop;

  constructor(private readonly deps: ControllerDeps) {
    this.#loop = planLoop(this.name, deps, (view, serviceId) => planAutoscale(view, serviceId, deps.clock.now()));
  }

  start(): void {
    for (const service of this.deps.store.view.all('services')) if (service.spec.autoscale) this.#loop.mark(service.id);
  }

  onChange(change: ObjectChange): void {
    if (change.kind === 'services' && change.object?.spec.autoscale) this.#loop.mark(change.id);
    if (change.kind === 'usages' && change.object) this.#measured(change.object);
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  #measured({ tasks }: NodeUsage): void {
    const { view } = this.deps.store;
    for (const serviceId of new Set(tasks.flatMap(({ taskId }) => view.get('tasks', taskId)?.serviceId ?? []))) this.#loop.mark(serviceId);
  }
}
