/** How often each key is there. */
export class Tally<K> {
  readonly #counts = new Map<K, number>();

  add(key: K): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** Once less than before. */
  remove(key: K): void {
    const count = this.#counts.get(key) ?? 0;
    if (count > 1) this.#counts.set(key, count - 1);
    else this.#counts.delete(key);
  }

  has(key: K): boolean {
    return this.#counts.has(key);
  }

  keys(): Iterable<K> {
    return this.#counts.keys();
  }
}
