import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** Sends each item as a line of JSON, no faster than the client reads. Stops when `signal` is aborted. @throws what the items throw. */
export async function sendLines(response: ServerResponse, items: AsyncIterable<unknown>, signal: AbortSignal): Promise<void> {
  for await (const item of items) {
    if (signal.aborted) return;
    if (response.write(`${JSON.stringify(item)}\n`)) continue;
    await once(response, 'drain', { signal }).catch(() => {});
  }
}
