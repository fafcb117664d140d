import type { Content, Kind, ObjectTypes } from '@tessera/api';
import type { KvValue } from '../ports/kv.js';
import type { Sealer } from './seal.js';

/** Objects to values of the store and back. The content of secrets is sealed, and the revision is the store's own. */
export interface Codec {
  /** @param object a copy that is the store's from now on, but for its revision: {@link NO_REVISION} */
  encode<K extends Kind>(kind: K, object: ObjectTypes[K]): KvValue;
  /** @throws Error when the value cannot be read, or was sealed with another key. */
  decode<K extends Kind>(kind: K, value: KvValue, revision: number): ObjectTypes[K];
}

/** Of an object that was not committed yet. */
export const NO_REVISION = 0;

/** JSON, for stores that write bytes. */
export class TextCodec implements Codec {
  constructor(private readonly sealer: Sealer) {}

  encode<K extends Kind>(kind: K, object: ObjectTypes[K]): string {
    const readable = isSealed(kind, object) ? { ...object, data: this.sealer.seal(object.data, contextOf(object)) } : object;
    return JSON.stringify({ ...readable, revision: undefined });
  }

  decode<K extends Kind>(kind: K, value: KvValue, revision: number): ObjectTypes[K] {
    if (typeof value !== 'string') throw new TypeError('it is no text');
    const object = JSON.parse(value) as ObjectTypes[K];
    object.revision = revision;
    return isSealed(kind, object) ? { ...object, data: this.sealer.unseal(object.data, contextOf(object)) } : object;
  }
}

/** The objects themselves, for stores that keep them; contents as text, so that no store has a secret in the clear. */
export class ObjectCodec implements Codec {
  readonly #text: TextCodec;

  constructor(sealer: Sealer) {
    this.#text = new TextCodec(sealer);
  }

  encode<K extends Kind>(kind: K, object: ObjectTypes[K]): KvValue {
    return kind === 'contents' ? this.#text.encode(kind, object) : object;
  }

  /** The first who reads it notes its revision. */
  decode<K extends Kind>(kind: K, value: KvValue, revision: number): ObjectTypes[K] {
    if (typeof value === 'string') return this.#text.decode(kind, value, revision);
    const object = value as ObjectTypes[K];
    if (object.revision === NO_REVISION) object.revision = revision;
    // Written twice, as after an answer that was lost.
    return object.revision === revision ? object : { ...object, revision };
  }
}

function isSealed<K extends Kind>(kind: K, object: ObjectTypes[K]): object is ObjectTypes[K] & Content {
  return kind === 'contents' && (object as Content).secret;
}

function contextOf({ id }: Content): string {
  return `contents/${id}`;
}
