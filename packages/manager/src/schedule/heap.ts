/** A binary heap of numbers under an order of the caller's. Push and pop cost log(size). */
export class Heap {
  readonly #items: number[];

  /** Takes over `items`. @param before whether `a` comes out before `b` */
  constructor(
    items: number[],
    private readonly before: (a: number, b: number) => boolean,
  ) {
    this.#items = items;
    for (let index = (items.length >> 1) - 1; index >= 0; index--) this.#sink(index);
  }

  get size(): number {
    return this.#items.length;
  }

  peek(): number | undefined {
    return this.#items[0];
  }

  /** Puts the first item where it now belongs: call it after the item became worse. */
  sinkFirst(): void {
    this.#sink(0);
  }

  pop(): number | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (items.length > 0 && last !== undefined) {
      items[0] = last;
      this.#sink(0);
    }
    return first;
  }

  #sink(start: number): void {
    const items = this.#items;
    let index = start;
    for (;;) {
      let best = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        if (child < items.length && this.before(items[child]!, items[best]!)) best = child;
      }
      if (best === index) return;
      [items[index], items[best]] = [items[best]!, items[index]!];
      index = best;
    }
  }
}
