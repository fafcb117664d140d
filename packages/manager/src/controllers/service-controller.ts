import type { ObjectChange, Release, Service, Task } from '@tessera/api';
import { newId, type ReconcileLoop } from '@tessera/kit';
import { planService } from '../plan/service/index.js';
import type { Controller, ControllerDeps } from './controller.js';
import { planLoop } from './plan-loop.js';

/** Keeps the tasks of every service; keys are service ids, also of services that are gone. */
export class ServiceController implements Controller {
  readonly name = 'service';
  readonly #loop: ReconcileLoop;
  readonly #names = new Map<string, string>();
  /** Services by the releases that keep revisions of theirs. */
  readonly #released = new Map<string, readonly string[]>();

  constructor(private readonly deps: ControllerDeps) {
    this.#loop = planLoop(this.name, deps, (view, serviceId) => planService(view, serviceId, deps.clock.now(), () => newId(deps.random)));
  }

  start(): void {
    const { view } = this.deps.store;
    for (const service of view.all('services')) this.#service(service.id, service);
    for (const task of view.all('tasks')) this.#loop.mark(task.serviceId);
    for (const revision of view.all('revisions')) this.#loop.mark(revision.serviceId);
    for (const release of view.all('releases')) this.#release(release.id, release);
  }

  onChange(change: ObjectChange): void {
    if (change.kind === 'services') this.#service(change.id, change.object);
    else if (change.kind === 'tasks') this.#task(change.object);
    else if (change.kind === 'nodes') this.#node(change.id);
    else if (change.kind === 'revisions' && change.object) this.#loop.mark(change.object.serviceId);
    else if (change.kind === 'releases') this.#release(change.id, change.object);
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  #service(id: string, service: Service | undefined): void {
    this.#loop.mark(id);
    const name = service?.spec.name ?? this.#names.get(id);
    if (service) this.#names.set(id, service.spec.name);
    else this.#names.delete(id);
    if (name !== undefined) this.#dependents(name);
  }

  /** When a release goes, revisions that it kept may go too. */
  #release(id: string, release: Release | undefined): void {
    if (release)
      this.#released.set(
        id,
        release.services.map(({ serviceId }) => serviceId),
      );
    else {
      for (const serviceId of this.#released.get(id) ?? []) this.#loop.mark(serviceId);
      this.#released.delete(id);
    }
  }

  /** A deleted task needs no look: only this controller deletes tasks, and looks again after what it wrote. */
  #task(task: Task | undefined): void {
    if (!task) return;
    this.#loop.mark(task.serviceId);
    this.#dependents(task.serviceName);
  }

  #node(nodeId: string): void {
    const { view } = this.deps.store;
    for (const service of view.servicesPerNode()) this.#loop.mark(service.id);
    for (const task of view.tasksOfNode(nodeId)) this.#loop.mark(task.serviceId);
  }

  #dependents(serviceName: string): void {
    for (const dependent of this.deps.store.view.dependentsOf(serviceName)) this.#loop.mark(dependent.id);
  }
}
