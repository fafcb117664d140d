import type { ServiceEndpoints } from '@tessera/api';

/** Services that came, changed or went, by their ids; `undefined` for those that went. */
export type ServiceChanges = ReadonlyMap<string, ServiceEndpoints | undefined>;

/** A service that came, changed or went, as it was and as it is. */
export interface ServiceChange {
  id: string;
  before: ServiceEndpoints | undefined;
  after: ServiceEndpoints | undefined;
}

/** Services as they were last told. A change costs what changes, however many there are. */
export class ServiceBook {
  readonly #services = new Map<string, ServiceEndpoints>();

  get ids(): Iterable<string> {
    return this.#services.keys();
  }

  /** @returns what differs: the same object again is no change */
  take(changes: ServiceChanges): ServiceChange[] {
    const taken: ServiceChange[] = [];
    for (const [id, after] of changes) {
      const before = this.#services.get(id);
      if (before === after) continue;
      if (after) this.#services.set(id, after);
      else this.#services.delete(id);
      taken.push({ id, before, after });
    }
    return taken;
  }
}
