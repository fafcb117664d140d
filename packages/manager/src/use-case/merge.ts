type Arrival<T> = { from: AsyncIterator<T>; result: IteratorResult<T> } | { from: undefined; result: IteratorResult<AsyncIterable<T>> };

/**
 * Items of all sources as they come; sources may come later, too. Reads one item ahead of each; ends when there are no
 * more sources and all have ended; an error of one is thrown.
 */
export async function* merge<T>(sources: Iterable<AsyncIterable<T>> | AsyncIterable<AsyncIterable<T>>): AsyncIterable<T> {
  const outer = iterate(sources);
  const waiting = new Map<object, Promise<Arrival<T>>>();
  const readSources = (): unknown =>
    waiting.set(
      outer,
      outer.next().then((result) => ({ from: undefined, result })),
    );
  const read = (from: AsyncIterator<T>): unknown =>
    waiting.set(
      from,
      from.next().then((result) => ({ from, result })),
    );
  readSources();
  try {
    while (waiting.size > 0) {
      const { from, result } = await Promise.race(waiting.values());
      // Moved to the end, so that a source that always has an item does not silence the others.
      waiting.delete(from ?? outer);
      if (result.done) continue;
      if (from === undefined) {
        read((result.value as AsyncIterable<T>)[Symbol.asyncIterator]());
        readSources();
      } else {
        read(from);
        yield result.value as T;
      }
    }
  } finally {
    // Not awaited: a source that hangs must not hold up the end. The caller's signal ends it.
    for (const iterator of waiting.keys()) void (iterator as AsyncIterator<unknown>).return?.()?.catch(() => {});
  }
}

/**
 * Items of one source after the other. The first items of the next `ahead` sources are asked for meanwhile, so that slow
 * beginnings overlap; an error of one is thrown when its turn comes.
 */
export async function* inTurn<T>(sources: Iterable<AsyncIterable<T>>, ahead: number): AsyncIterable<T> {
  const waiting = [...sources];
  const begun: { iterator: AsyncIterator<T>; first: Promise<IteratorResult<T>> }[] = [];
  const begin = (): void => {
    for (const source of waiting.splice(0, ahead + 1 - begun.length)) {
      const iterator = source[Symbol.asyncIterator]();
      const first = iterator.next();
      first.catch(() => {});
      begun.push({ iterator, first });
    }
  };
  try {
    for (begin(); begun[0]; begun.shift(), begin()) {
      const { iterator, first } = begun[0];
      for (let result = await first; !result.done; result = await iterator.next()) yield result.value;
    }
  } finally {
    // Not awaited, as above.
    for (const { iterator } of begun) void iterator.return?.()?.catch(() => {});
  }
}

async function* iterate<T>(items: Iterable<T> | AsyncIterable<T>): AsyncGenerator<T> {
  yield* items;
}
