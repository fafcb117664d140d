import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { SystemClock } from '@tessera/kit/clock/system-clock';
import { until } from '@tessera/kit/wait/until';
import { main } from '../main.js';
import type { OpenSocket } from '../session.js';
import { FakeIo, type FakeIoOptions } from './fake-io.js';
import { FakeTransport } from './fake-transport.js';

const PEM = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';
/** A file of contexts as `ContextStore` writes it. */
export const CONTEXTS = JSON.stringify({
  version: 1,
  current: 'test',
  contexts: { test: { endpoints: ['https://10.0.0.1:4600'], ca: PEM, certificate: PEM, key: PEM } },
});

/** Stand-ins beside the process's own. */
export interface CliOptions extends FakeIoOptions {
  /** WebSockets at the managers: none unless told. */
  openSocket?: OpenSocket;
}

const noSocket: OpenSocket = async (_context, path) => {
  throw new Error(`the test did not announce the WebSocket ${path}`);
};

export interface CliRun {
  io: FakeIo;
  /** Settles with the exit code. */
  exit: Promise<number>;
}

/** Starts `tsctl` with stand-ins for the process and the managers. */
export function startCli(line: string, transport: FakeTransport = new FakeTransport(), options: CliOptions = {}): CliRun {
  const io = new FakeIo({ ...options, files: { '/config/contexts.json': CONTEXTS, ...options.files } });
  const exit = main(['node', 'tsctl', ...line.split(' ').filter((word) => word !== '')], {
    io,
    connect: async () => transport,
    openSocket: options.openSocket ?? noSocket,
  });
  return { io, exit };
}

/** Runs `tsctl` to its end. */
export async function runCli(
  line: string,
  transport?: FakeTransport,
  options?: CliOptions,
): Promise<{ code: number; out: string; err: string; io: FakeIo }> {
  const { io, exit } = startCli(line, transport, options);
  const code = await exit;
  return { code, out: io.out, err: io.err, io };
}

/** Timers up to this are pauses between looks; longer ones are limits, which a test lets pass on purpose. */
const LONGEST_PAUSE_MS = 15_000;

/**
 * Lets virtual time pass until the condition holds; waits in real time as long as only modules are being loaded.
 * @throws Error when it does not hold within 5 s.
 */
export async function passTimeUntil({ io }: CliRun, condition: () => boolean, what: string): Promise<void> {
  const look = async (): Promise<boolean> => {
    const nextMs = io.clock.nextInMs();
    if (!condition() && nextMs !== undefined && nextMs <= LONGEST_PAUSE_MS) await io.clock.advance(nextMs);
    return condition();
  };
  await until(look, { clock: new SystemClock(), what: `${what}; so far: ${io.err}`, limitMs: 5_000, intervalMs: 1 });
}

/** Compares with packages/cli/testdata/<name>.golden; TESSERA_UPDATE_GOLDEN=1 writes it instead. */
export function assertGolden(name: string, actual: string): void {
  const file = new URL(`../../testdata/${name}.golden`, import.meta.url);
  if (process.env.TESSERA_UPDATE_GOLDEN === '1') writeFileSync(file, actual);
  assert.equal(actual, readFileSync(file, 'utf8'), `differs from ${file.pathname}; TESSERA_UPDATE_GOLDEN=1 takes it over`);
}
