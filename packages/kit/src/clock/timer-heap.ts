/** A timer that waits. */
export interface HeapEntry {
  at: number;
  /** Of two timers for the same time the one that was made first runs first. */
  order: number;
  run: () => void;
  cancelled: boolean;
}

/** Timers by time, then by creation: a binary heap. What was cancelled stays in it until it is due, unless it is most of it. */
export class TimerHeap {
  #entries: HeapEntry[] = [];
  #cancelled = 0;

  /** Number of timers that wait. */
  get size(): number {
    return this.#entries.length - this.#cancelled;
  }

  push(entry: HeapEntry): void {
    this.#entries.push(entry);
    this.#rise(this.#entries.length - 1);
  }

  cancel(entry: HeapEntry): void {
    if (entry.cancelled) return;
    entry.cancelled = true;
    this.#cancelled += 1;
    if (this.#cancelled > 64 && this.#cancelled * 2 > this.#entries.length) this.#rebuild();
  }

  /** The timer that is due first. */
  peek(): HeapEntry | undefined {
    for (let first = this.#entries[0]; first?.cancelled; first = this.#entries[0]) {
      this.#removeFirst();
      this.#cancelled -= 1;
    }
    return this.#entries[0];
  }

  /** Takes out the timer that is due first. */
  shift(): HeapEntry | undefined {
    const first = this.peek();
    if (first) {
      this.#removeFirst();
      // A cancel that comes later counts for nothing.
      first.cancelled = true;
    }
    return first;
  }

  #rebuild(): void {
    this.#entries = this.#entries.filter(({ cancelled }) => !cancelled).sort((a, b) => (isBefore(a, b) ? -1 : 1));
    this.#cancelled = 0;
  }

  #removeFirst(): void {
    const last = this.#entries.pop();
    if (!last || this.#entries.length === 0) return;
    this.#entries[0] = last;
    this.#sink(0);
  }

  #rise(place: number): void {
    const entries = this.#entries;
    const entry = entries[place] as HeapEntry;
    let at = place;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = entries[parentAt] as HeapEntry;
      if (!isBefore(entry, parent)) break;
      entries[at] = parent;
      at = parentAt;
    }
    entries[at] = entry;
  }

  #sink(place: number): void {
    const entries = this.#entries;
    const entry = entries[place] as HeapEntry;
    let at = place;
    for (let childAt = 2 * at + 1; childAt < entries.length; childAt = 2 * at + 1) {
      const right = entries[childAt + 1];
      if (right && isBefore(right, entries[childAt] as HeapEntry)) childAt += 1;
      const child = entries[childAt] as HeapEntry;
      if (!isBefore(child, entry)) break;
      entries[at] = child;
      at = childAt;
    }
    entries[at] = entry;
  }
}

function isBefore(one: HeapEntry, other: HeapEntry): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order);
}
