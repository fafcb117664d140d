import { spawn } from 'node:child_process';
import { searchPath } from './search-path.js';

export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  /** Written to the command's standard input. */
  input?: string;
  /** The command is killed after so many milliseconds. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

const DEFAULT_TIMEOUT_MS = 30_000;

/** A command that could not be started, was killed, ran too long or ended with a code other than 0. */
export class CommandError extends Error {
  constructor(argv: readonly string[], cause: string, stderr: string) {
    super(`${argv.join(' ')}: ${cause}${stderr.trim() ? `\n${stderr.trim()}` : ''}`);
    this.name = 'CommandError';
  }
}

/**
 * Runs a command on this machine and waits for its end.
 * @throws CommandError with the command and what it wrote to stderr, unless it ends with code 0.
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const result = await capture(argv, options);
  if (result.code !== 0) throw new CommandError(argv, `ended with code ${result.code}`, result.stderr);
  return result;
}

/**
 * As {@link run}, but any exit code is a result.
 * @throws CommandError when the command cannot be started, is killed or runs too long.
 */
export function capture(argv: readonly string[], options: RunOptions = {}): Promise<CommandResult> {
  const { env = process.env, input = '', timeoutMs = DEFAULT_TIMEOUT_MS, signal } = options;
  const [command = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: { ...env, PATH: searchPath(env) }, signal, timeout: timeoutMs, killSignal: 'SIGKILL' });
    const output = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      output.stderr += text;
    });
    child.stdin.on('error', ignoreClosedInput);
    child.stdin.end(input);
    let failure: string | undefined;
    child.on('error', (error) => {
      failure = error.message;
    });
    // Only now have the command and all that holds its output ended, also after an abort.
    child.on('close', (code, killedBy) => {
      if (failure === undefined && code !== null) return resolve({ code, ...output });
      reject(new CommandError(argv, failure ?? `ended by ${killedBy} (limit ${timeoutMs} ms)`, output.stderr));
    });
  });
}

/** A command that does not read its input closes it: its exit code tells what matters. */
export function ignoreClosedInput(): void {}
