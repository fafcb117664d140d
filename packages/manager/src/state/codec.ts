import type { Content, Kind, ObjectTypes } from '@tessera/api';
import type { Sealer } from './seal.js';

/** Objects to values of the store and back. The content of secrets is sealed; the revision is the store's, so it is not written. */
export class Codec {
  constructor(private readonly sealer: Sealer) {}

  encode<K extends Kind>(kind: K, object: ObjectTypes[K]): string {
    const readable = isSealed(kind, object) ? { ...object, data: this.sealer.seal(object.data, contextOf(object)) } : object;
    return JSON.stringify(readable.revision === undefined ? readable : { ...readable, revision: undefined });
  }

  /** @throws Error when the value is no JSON, or was sealed with another key. */
  decode<K extends Kind>(kind: K, value: string, revision: number): ObjectTypes[K] {
    const object = JSON.parse(value) as ObjectTypes[K];
    object.revision = revision;
    return isSealed(kind, object) ? { ...object, data: this.sealer.unseal(object.data, contextOf(object)) } : object;
  }
}

function isSealed<K extends Kind>(kind: K, object: ObjectTypes[K]): object is ObjectTypes[K] & Content {
  return kind === 'contents' && (object as Content).secret;
}

function contextOf({ id }: Content): string {
  return `contents/${id}`;
}
