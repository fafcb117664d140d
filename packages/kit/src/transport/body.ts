import type { IncomingMessage } from 'node:http';
import { ApiError } from '@tessera/api';
import { describeFailure } from './failure.js';

/** Bound for one answer, or one line of a stream, in bytes. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** The whole body as JSON. @throws ApiError when it breaks off or is no JSON. */
export async function readJson(response: IncomingMessage, signal: AbortSignal | undefined): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of guarded(response, signal)) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new ApiError('too-large', `the answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return size === 0 ? undefined : parse(Buffer.concat(chunks).toString('utf8'));
}

/** Each line of newline-delimited JSON. Reads no faster than its caller takes. */
export async function* readLines(response: IncomingMessage, signal: AbortSignal | undefined): AsyncIterable<unknown> {
  let rest: Buffer[] = [];
  let size = 0;
  for await (const chunk of guarded(response, signal)) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      const line = Buffer.concat([...rest, chunk.subarray(start, end)]).toString('utf8');
      [rest, size, start] = [[], 0, end + 1];
      if (line !== '') yield parse(line);
    }
    rest.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > MAX_ANSWER_BYTES) throw new ApiError('too-large', `a line of the answer is longer than ${MAX_ANSWER_BYTES} bytes`);
  }
}

async function* guarded(response: IncomingMessage, signal: AbortSignal | undefined): AsyncIterable<Buffer> {
  try {
    for await (const chunk of response) yield chunk as Buffer;
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof ApiError) throw cause;
    throw new ApiError('unavailable', `the manager's answer broke off: ${describeFailure(cause)}`, { cure: 'try again', cause });
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ApiError('internal', 'the answer is not JSON: is this address really one of a Tessera manager?', { cause });
  }
}
