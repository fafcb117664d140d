/** Where a view keeps an object: indices point at the place, so that a change which moves nothing between keys costs them nothing. */
export interface Place<T> {
  object: T;
}

/** A multimap from keys to the places of objects. */
abstract class ObjectIndex<T> {
  readonly #buckets = new Map<string, Set<Place<T>>>();

  /** The place of an object holds something else now, or nothing. */
  abstract update(place: Place<T>, before: T | undefined, after: T | undefined): void;

  *of(key: string): IterableIterator<T> {
    const bucket = this.#buckets.get(key);
    if (bucket) for (const { object } of bucket) yield object;
  }

  protected add(key: string, place: Place<T>): void {
    const bucket = this.#buckets.get(key);
    if (bucket) bucket.add(place);
    else this.#buckets.set(key, new Set([place]));
  }

  protected remove(key: string, place: Place<T>): void {
    const bucket = this.#buckets.get(key);
    bucket?.delete(place);
    if (bucket?.size === 0) this.#buckets.delete(key);
  }
}

/** Objects by the one key that each has, or by none: undefined or empty. */
export class KeyIndex<T> extends ObjectIndex<T> {
  constructor(private readonly keyOf: (object: T) => string | undefined) {
    super();
  }

  override update(place: Place<T>, before: T | undefined, after: T | undefined): void {
    const [old, fresh] = [before && this.keyOf(before), after && this.keyOf(after)];
    if (old === fresh) return;
    if (old) this.remove(old, place);
    if (fresh) this.add(fresh, place);
  }
}

const NO_KEYS: readonly string[] = [];

/** Objects by any number of keys. */
export class KeysIndex<T> extends ObjectIndex<T> {
  constructor(private readonly keysOf: (object: T) => readonly string[]) {
    super();
  }

  override update(place: Place<T>, before: T | undefined, after: T | undefined): void {
    const [old, fresh] = [before ? this.keysOf(before) : NO_KEYS, after ? this.keysOf(after) : NO_KEYS];
    for (const key of old) if (!fresh.includes(key)) this.remove(key, place);
    for (const key of fresh) if (!old.includes(key)) this.add(key, place);
  }
}

export function updateAll<T>(indices: ReadonlyArray<ObjectIndex<T>>, place: Place<unknown>, before: unknown, after: T | undefined): void {
  for (const index of indices) index.update(place as Place<T>, before as T | undefined, after);
}
