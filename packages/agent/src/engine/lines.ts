import type { LogFrame } from '@tessera/api';
import type { OutputChunk } from './frames.js';

const NEWLINE = 0x0a;
/** Longer lines are told in pieces, so that a program without line breaks fills no memory. */
const MAX_LINE_BYTES = 256 * 1024;
/** What the engine puts before each line when asked for timestamps: RFC 3339 with nanoseconds. */
const TIMESTAMP = /^(\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)) /;

/** Lines out of the pieces of two streams; `timestamps`: each line begins with its time, which moves to `at`. */
export async function* logLines(chunks: AsyncIterable<OutputChunk>, timestamps: boolean): AsyncGenerator<LogFrame> {
  const rest: Record<OutputChunk['stream'], Buffer> = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  for await (const { stream, data } of chunks) {
    let pending = rest[stream].length > 0 ? Buffer.concat([rest[stream], data]) : data;
    for (let end = pending.indexOf(NEWLINE); end >= 0; end = pending.indexOf(NEWLINE)) {
      yield lineFrame(stream, pending.subarray(0, end), timestamps);
      pending = pending.subarray(end + 1);
    }
    if (pending.length > MAX_LINE_BYTES) {
      yield lineFrame(stream, pending, timestamps);
      pending = Buffer.alloc(0);
    }
    rest[stream] = pending;
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    if (rest[stream].length > 0) yield lineFrame(stream, rest[stream], timestamps);
  }
}

function lineFrame(stream: OutputChunk['stream'], line: Buffer, timestamps: boolean): LogFrame {
  const text = line.toString('utf8').replace(/\r$/, '');
  const at = timestamps ? TIMESTAMP.exec(text) : null;
  if (!at?.[1]) return { type: 'line', stream, text };
  return { type: 'line', stream, text: text.slice(at[0].length), at: at[1] };
}
