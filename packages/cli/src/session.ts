import type { Client, Transport } from '@tessera/api';
import type { SessionSocket } from '@tessera/kit/socket/session-socket';
import type { Context } from './context/context-store.js';
import type { Io } from './io.js';
import { type Style, styleFor } from './output/style.js';

export const OUTPUT_FORMATS = ['table', 'wide', 'json', 'yaml'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** Options that every command takes. */
export interface GlobalOptions {
  output: OutputFormat;
  context?: string;
  /** In milliseconds; 0: no limit. Absent: the default of each thing that takes time. */
  timeout?: number;
  color: boolean;
}

/** Makes the transport to a context's managers. */
export type Connect = (context: Context) => Promise<Transport>;

/** Opens a WebSocket at one of a context's managers. */
export type OpenSocket = (context: Context, path: string) => Promise<SessionSocket>;

/** What a command runs with. */
export interface Session {
  readonly io: Io;
  readonly globals: GlobalOptions;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  readonly style: Style;
  /** Style for standard error, which may be a terminal when standard output is not. */
  readonly errorStyle: Style;
  /** The client of the chosen context. @throws Failure when there is none. */
  client(): Promise<Client>;
  /** Opens a WebSocket at a manager of the chosen context. @throws Failure when there is none, ApiError. */
  openSocket(path: string): Promise<SessionSocket>;
  /** Writes lines to standard output. */
  print(...lines: string[]): void;
  /** Writes lines to standard error: progress, hints, warnings. */
  note(...lines: string[]): void;
}

export interface SessionParts {
  io: Io;
  globals: GlobalOptions;
  signal: AbortSignal;
  connect: Connect;
  openSocket: OpenSocket;
}

export function createSession(parts: SessionParts): Session {
  const { io, globals, signal } = parts;
  let client: Promise<Client> | undefined;
  return {
    io,
    globals,
    signal,
    style: styleFor(io.stdout, io.env, globals.color),
    errorStyle: styleFor(io.stderr, io.env, globals.color),
    client: () => {
      client ??= openClient(parts);
      return client;
    },
    openSocket: async (path) => parts.openSocket(await chosenContext(parts), path),
    print: (...lines) => io.stdout.write(lines.map((line) => `${line}\n`).join('')),
    note: (...lines) => io.stderr.write(lines.map((line) => `${line}\n`).join('')),
  };
}

async function openClient({ signal, connect, ...parts }: SessionParts): Promise<Client> {
  const [{ Client }, { interruptible }] = await Promise.all([import('@tessera/api/client/client'), import('./context/interruptible.js')]);
  return new Client(interruptible(await connect(await chosenContext(parts)), signal));
}

async function chosenContext({ io, globals }: Pick<SessionParts, 'io' | 'globals'>): Promise<Context> {
  const { ContextStore } = await import('./context/context-store.js');
  return (await new ContextStore(io).chosen(globals.context)).context;
}
