import type { FileSpec, Kind, ObjectTypes } from '@tessera/api';
import type { Sealer } from './seal.js';

/** Objects to values of the store and back. Secrets are sealed; the revision is the store's, so it is not written. */
export class Codec {
  constructor(private readonly sealer: Sealer) {}

  encode<K extends Kind>(kind: K, object: ObjectTypes[K]): string {
    const readable =
      kind === 'secrets' ? this.#withData(object as ObjectTypes['secrets'], (data, context) => this.sealer.seal(data, context)) : object;
    return JSON.stringify(readable.revision === undefined ? readable : { ...readable, revision: undefined });
  }

  /** @throws Error when the value is no JSON, or was sealed with another key. */
  decode<K extends Kind>(kind: K, value: string, revision: number): ObjectTypes[K] {
    const object = JSON.parse(value) as ObjectTypes[K];
    object.revision = revision;
    if (kind !== 'secrets') return object;
    return this.#withData(object as ObjectTypes['secrets'], (data, context) => this.sealer.unseal(data, context)) as ObjectTypes[K];
  }

  #withData<T extends { id: string; spec: FileSpec }>(object: T, change: (data: string, context: string) => string): T {
    return { ...object, spec: { ...object.spec, data: change(object.spec.data, `secrets/${object.id}`) } };
  }
}
