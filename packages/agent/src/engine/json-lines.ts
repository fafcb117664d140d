/** Objects of a stream with one JSON text a line; what is no JSON is passed over. Lines are cut at 1 MiB. */
export async function* jsonLines(stream: AsyncIterable<Buffer>): AsyncGenerator<Record<string, unknown>> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = (lines.pop() ?? '').slice(0, MAX_LINE_LENGTH);
    for (const line of lines) yield* parsed(line);
  }
  yield* parsed(rest);
}

const MAX_LINE_LENGTH = 1024 * 1024;

function* parsed(line: string): Generator<Record<string, unknown>> {
  if (line.trim() === '') return;
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null) yield value as Record<string, unknown>;
  } catch {
    // A line cut by a dying daemon: the end of the stream tells.
  }
}
