import type { CommanderError } from 'commander';
import { buildProgram } from './command/program.js';
import { TREE } from './command/tree.js';
import { EXIT } from './exit.js';
import { Interrupted } from './failure.js';
import type { Io } from './io.js';
import { processIo } from './process-io.js';
import { type Connect, createSession, type OpenSocket } from './session.js';

/** What a run of `tsctl` is connected to: the process and the network, or a test's stand-ins. */
export interface World {
  io: Io;
  connect: Connect;
  openSocket: OpenSocket;
}

/**
 * Runs `tsctl`.
 * @param argv as `process.argv`: two entries before the first argument.
 * @returns the exit code, see docs/reference/exit-codes.md.
 */
export async function main(argv: readonly string[], world: World = realWorld()): Promise<number> {
  const { io } = world;
  const interruption = new AbortController();
  // The second Ctrl-C finds no handler, and ends the process at once.
  const release = io.onInterrupt(() => {
    release();
    interruption.abort(new Interrupted());
  });
  try {
    return await run(normalize(argv.slice(2)), world, interruption.signal);
  } catch (error) {
    return await tell(interruption.signal.aborted && !(error instanceof Interrupted) ? new Interrupted() : error, io);
  } finally {
    release();
  }
}

async function run(args: readonly string[], { io, connect, openSocket }: World, signal: AbortSignal): Promise<number> {
  let exitCode: number = EXIT.ok;
  const program = buildProgram({
    tree: TREE,
    write: { out: (text) => io.stdout.write(text), error: (text) => io.stderr.write(text) },
    columns: { out: io.stdout.columns, error: io.stderr.columns },
    run: async (definition, operands, options, globals) => {
      exitCode = await definition.run(createSession({ io, connect, openSocket, signal, globals }), operands, options);
    },
  });
  await program.parseAsync(args, { from: 'user' });
  return exitCode;
}

/** `tsctl help stack rm` is `tsctl stack rm --help`; `tsctl --version` is `tsctl version`. */
function normalize(args: readonly string[]): readonly string[] {
  const [first] = args;
  if (first === undefined) return ['--help'];
  if (first === 'help') return normalize([...args.slice(1), '--help']);
  if (first === '--version' || first === '-V') return ['version'];
  // Help for a command that there is not is no help: let it be refused, with the nearest one suggested.
  return first.startsWith('-') || isCommand(first) ? args : [first];
}

function isCommand(name: string): boolean {
  return TREE.some((group) => group.entries.some((entry) => entry.name === name));
}

async function tell(error: unknown, io: Io): Promise<number> {
  if (isCommanderError(error)) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const [{ reportOf }, { styleFor }] = await Promise.all([import('./output/error.js'), import('./output/style.js')]);
  const { lines, exitCode } = reportOf(error, styleFor(io.stderr, io.env, true), io.env.TESSERA_DEBUG === '1');
  io.stderr.write(lines.map((line) => `${line}\n`).join(''));
  return exitCode;
}

/** Commander has told the user already. */
function isCommanderError(error: unknown): error is CommanderError {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('commander.');
}

function realWorld(): World {
  return {
    io: processIo(),
    connect: async (context) => (await import('./context/connect.js')).connect(context),
    openSocket: async (context, path) => (await import('./context/open-socket.js')).openSocket(context, path),
  };
}
