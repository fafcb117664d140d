import type { Service, Task } from '@tessera/api';
import { replicasOf } from '../model/replicas.js';
import { isPending } from '../model/task.js';
import type { ClusterView } from '../model/view.js';
import { type Parcel, parcelOfSource } from './parcel.js';

/** A service that is packed, with the number of tasks that still have to be placed. */
interface Companion {
  parcel: Parcel;
  tasks: number;
}

/**
 * Services that are packed and begin to run: their tasks are made one service after the other, and are packed together all the same, since it is
 * known how many there will be.
 */
export class Companions {
  readonly #services = new Map<string, Companion>();

  constructor(private readonly view: ClusterView) {
    for (const service of view.all('services')) this.putService(service.id, service);
  }

  putService(id: string, service: Service | undefined): void {
    const [first] = this.view.tasksOfService(id);
    const parcel = service && (first === undefined || isPending(first)) ? parcelOfSource(id, service) : undefined;
    const tasks = service ? replicasOf(service) : 0;
    if (parcel && tasks > 0) this.#services.set(id, { parcel, tasks });
    else this.#services.delete(id);
  }

  /** One that is held back, for what the service depends on, may be so for long. */
  putTask({ serviceId, status }: Task): void {
    if (status.state === 'new') this.#services.delete(serviceId);
  }

  placed(serviceId: string, tasks: number): void {
    const companion = this.#services.get(serviceId);
    if (!companion) return;
    companion.tasks -= tasks;
    if (companion.tasks <= 0) this.#services.delete(serviceId);
  }

  /** Some of its tasks were looked at in vain: there is nothing to keep nodes open for. */
  parked(serviceId: string): void {
    this.#services.delete(serviceId);
  }

  has(serviceId: string): boolean {
    return this.#services.has(serviceId);
  }

  all(): Iterable<Companion> {
    return this.#services.values();
  }
}
