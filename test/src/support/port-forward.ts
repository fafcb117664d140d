import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:http';
import { eventually } from './test-cluster.js';
import type { Tsctl } from './tsctl.js';

const LIMIT_MS = 10_000;

/** A whole body from a port of this machine, over a connection of its own. */
export async function fetchFrom(port: number, path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const [response] = await once(get({ host: '127.0.0.1', port, path, agent: false, timeout: LIMIT_MS }), 'response');
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Forwards a port while `use` runs; Ctrl-C must end it with 130. */
export async function forwarding(
  tsctl: Tsctl,
  args: readonly string[],
  use: (port: number, said: () => string) => Promise<void>,
): Promise<void> {
  const child = tsctl.start(['port-forward', ...args]);
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => void (said += String(text)));
  const exit = once(child, 'exit');
  try {
    await eventually(async () => /:(\d+) ->/.test(said), 'the forward to listen', LIMIT_MS);
    await use(Number(/:(\d+) ->/.exec(said)?.[1]), () => said);
  } finally {
    child.kill('SIGINT');
    assert.equal((await exit)[0], 130);
  }
}
