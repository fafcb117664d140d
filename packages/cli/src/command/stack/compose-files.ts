import type { StackSpec } from '@tessera/api';
import type { ComposeError, ComposeFiles, Diagnostic } from '@tessera/api/compose/index';
import { EXIT } from '../../exit.js';
import { Failure, usageFailure } from '../../failure.js';
import type { Io } from '../../io.js';
import { counted } from '../../output/units.js';
import type { Session } from '../../session.js';
import type { OptionDefinition } from '../define.js';

export interface ComposeOptions {
  file?: string[];
  composeFile?: string[];
  name?: string;
  profile?: string[];
  envFile?: string[];
}

/** Which images a deploy or a plan pins. */
export const RESOLVE_IMAGE: OptionDefinition = {
  flags: '--resolve-image <when>',
  summary: 'pin images to what their tags mean now: always (the default), changed (only those that the stack names anew), never',
  choices: ['always', 'changed', 'never'],
};

export interface ResolveOptions {
  resolveImage?: 'always' | 'changed' | 'never';
}

export const COMPOSE_OPTIONS: readonly OptionDefinition[] = [
  { flags: '-f, --file <path>', summary: 'Compose file; several are merged in this order; "-" is standard input', repeat: true },
  { flags: '-c, --compose-file <path>', summary: 'the same, as Docker calls it', repeat: true },
  { flags: '--name <name>', summary: 'name of the stack, instead of the argument' },
  { flags: '--profile <name>', summary: 'take services of this profile too', repeat: true },
  { flags: '--env-file <path>', summary: 'variables for the files, instead of .env', repeat: true },
];

/**
 * Reads the Compose files into a stack; what they hold that deserves a warning goes to standard error.
 * @throws Failure (exit code 2) after all errors were printed, each with its file and line.
 */
export async function loadStack(session: Session, name: string | undefined, options: ComposeOptions): Promise<StackSpec> {
  const { io } = session;
  if (name !== undefined && options.name !== undefined && name !== options.name)
    throw usageFailure(`two names are given: ${name} and ${options.name}`, 'keep one of them');
  const { loadCompose } = await import('@tessera/api/compose/index');
  const read = composeFiles(io);
  try {
    const { stack, warnings } = await loadCompose({
      files: await filesOf(session, options, read),
      read,
      env: definedOnly(io.env),
      projectName: name ?? options.name,
      profiles: options.profile,
      envFiles: options.envFile,
      workingDir: io.workingDirectory,
    });
    await printDiagnostics(session, warnings);
    return stack;
  } catch (error) {
    if (!isComposeError(error)) throw error;
    await printDiagnostics(session, error.diagnostics);
    const errors = error.diagnostics.filter((diagnostic) => diagnostic.severity === 'error').length;
    throw new Failure(`${counted(errors, 'error')} in the Compose files: nothing was sent`, { exitCode: EXIT.usage });
  }
}

async function filesOf(session: Session, { file = [], composeFile = [] }: ComposeOptions, read: ComposeFiles): Promise<readonly string[]> {
  const named = [...file, ...composeFile];
  if (named.length > 0) return named;
  const { findDefaultFiles } = await import('@tessera/api/compose/index');
  const found = await findDefaultFiles(read, session.io.workingDirectory);
  if (found.length === 0)
    throw usageFailure(`there is no Compose file in ${session.io.workingDirectory}`, 'name one: tsctl deploy -f FILE');
  return found;
}

/** The disk, and standard input as `-`, which can be read once. */
function composeFiles(io: Io): ComposeFiles {
  let input: Promise<Uint8Array> | undefined;
  return {
    read(path) {
      if (path !== '-') return io.files.read(path);
      input ??= io.readStdin();
      return input;
    },
  };
}

async function printDiagnostics(session: Session, diagnostics: readonly Diagnostic[]): Promise<void> {
  const { formatDiagnostic } = await import('@tessera/api/compose/index');
  const { errorStyle } = session;
  for (const diagnostic of diagnostics) {
    const paint = diagnostic.severity === 'error' ? errorStyle.red : errorStyle.yellow;
    session.note(formatDiagnostic(diagnostic).replace(`${diagnostic.severity}:`, paint(`${diagnostic.severity}:`)));
  }
}

function isComposeError(error: unknown): error is ComposeError {
  return error instanceof Error && error.name === 'ComposeError';
}

function definedOnly(env: Io['env']): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}
