/** A binary heap of small numbers under an order of the caller's. Push and pop cost log(size). */
export class Heap {
  readonly #items: Int32Array;
  #size: number;

  /** @param before whether `a` comes out before `b` */
  constructor(
    items: readonly number[],
    private readonly before: (a: number, b: number) => boolean,
  ) {
    this.#items = Int32Array.from(items);
    this.#size = items.length;
    for (let index = (this.#size >> 1) - 1; index >= 0; index--) this.#sink(index);
  }

  get size(): number {
    return this.#size;
  }

  peek(): number | undefined {
    return this.#size > 0 ? this.#items[0] : undefined;
  }

  /** Puts the first item where it now belongs: call it after the item became worse. */
  sinkFirst(): void {
    this.#sink(0);
  }

  pop(): void {
    if (this.#size === 0) return;
    this.#items[0] = this.#items[--this.#size]!;
    this.#sink(0);
  }

  /** Puts an item where it now belongs, whatever became of it. Costs a look for it, unless it is among the first. */
  move(item: number): void {
    const place = this.#items.indexOf(item);
    if (!this.#rise(place)) this.#sink(place);
  }

  /** All items in order; they stay in the heap, which must not change meanwhile. The n-th costs n at most. */
  *inOrder(): Generator<number, undefined> {
    /** Places whose parents were given out, the best one last. */
    const next = this.#size > 0 ? [0] : [];
    for (let place = next.pop(); place !== undefined; place = next.pop()) {
      yield this.#items[place]!;
      for (const child of [2 * place + 1, 2 * place + 2]) if (child < this.#size) this.#insert(child, next);
    }
  }

  #insert(place: number, into: number[]): void {
    let at = into.length;
    while (at > 0 && this.before(this.#items[into[at - 1]!]!, this.#items[place]!)) at--;
    into.splice(at, 0, place);
  }

  /** @returns whether it moved */
  #rise(start: number): boolean {
    const items = this.#items;
    const item = items[start]!;
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.before(item, items[parent]!)) break;
      items[index] = items[parent]!;
      index = parent;
    }
    items[index] = item;
    return index !== start;
  }

  #sink(start: number): void {
    const items = this.#items;
    const size = this.#size;
    if (start >= size) return;
    const item = items[start]!;
    let index = start;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= size) break;
      if (child + 1 < size && this.before(items[child + 1]!, items[child]!)) child++;
      if (!this.before(items[child]!, item)) break;
      items[index] = items[child]!;
      index = child;
    }
    items[index] = item;
  }
}
