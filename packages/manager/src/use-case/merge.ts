/** Items of all sources as they come. Reads one item ahead of each; ends when all have ended; an error of one is thrown. */
export async function* merge<T>(sources: readonly AsyncIterable<T>[]): AsyncIterable<T> {
  const iterators = sources.map((source) => source[Symbol.asyncIterator]());
  const next = (index: number): Promise<{ index: number; result: IteratorResult<T> }> => {
    const iterator = iterators[index] as AsyncIterator<T>;
    return iterator.next().then((result) => ({ index, result }));
  };
  const waiting = new Map(iterators.map((_, index) => [index, next(index)]));
  try {
    while (waiting.size > 0) {
      const { index, result } = await Promise.race(waiting.values());
      if (result.done) {
        waiting.delete(index);
        continue;
      }
      // Moved to the end, so that a source that always has an item does not silence the others.
      waiting.delete(index);
      waiting.set(index, next(index));
      yield result.value;
    }
  } finally {
    // Not awaited: a source that hangs must not hold up the end. The caller's signal ends it.
    for (const iterator of iterators) void iterator.return?.()?.catch(() => {});
  }
}
