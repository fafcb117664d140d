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
