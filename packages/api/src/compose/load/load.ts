import type { StackSpec } from '../../spec/index.js';
import { convertStack } from '../convert/stack.js';
import { type Diagnostic, Diagnostics } from '../diagnostic.js';
import type { Env } from '../interpolate/interpolate.js';
import { dirname, resolve } from '../posix-path.js';
import type { MapNode } from '../yaml/node.js';
import { readEnvFiles } from './env.js';
import { readFileContents } from './file-contents.js';
import { applyIncludes, mergeSources, parseSources } from './include.js';
import { selectProfiles } from './profiles.js';
import { resolveServiceFiles } from './service-files.js';
import { type ComposeFiles, LoadSession } from './session.js';
import { stackName } from './stack-name.js';

export interface LoadOptions {
  /** Compose files in the order of `-f`, later ones laid over earlier ones; `-` is the standard input. */
  files: readonly string[];
  read: ComposeFiles;
  /** Variables of the caller; they win over those of `.env`. */
  env: Env;
  /** Name of the stack; otherwise COMPOSE_PROJECT_NAME, the files' `name`, or the folder's name. */
  projectName?: string | undefined;
  /** Active profiles; otherwise COMPOSE_PROFILES. `*` activates all. */
  profiles?: readonly string[] | undefined;
  /** Absolute path that relative `files` and `envFiles` start from. */
  workingDir: string;
  /** Files to read variables from instead of `.env`. */
  envFiles?: readonly string[] | undefined;
}

export interface LoadResult {
  stack: StackSpec;
  warnings: Diagnostic[];
}

/**
 * Reads Compose files into a stack with every default filled in.
 * @throws {ComposeError} with everything that is wrong, each with its file and line
 */
export async function loadCompose(options: LoadOptions): Promise<LoadResult> {
  const diagnostics = new Diagnostics();
  const session = new LoadSession(options.read, options.workingDir, diagnostics);
  const files = options.files.map((file) => (file === '-' ? file : resolve(options.workingDir, file)));
  const dir = projectDir(files, options.workingDir);
  const variables = await projectEnv(session, options, dir);
  const sources = await parseSources(files, session);
  diagnostics.throwIfErrors();
  const name = stackName({ option: options.projectName, env: variables, sources, dir }, session);
  const env = { ...variables, COMPOSE_PROJECT_NAME: name };
  const merged = await mergeSources(sources, session, dir, env);
  diagnostics.throwIfErrors();
  const document = merged && (await applyIncludes(merged, session, env, files));
  if (document === undefined) throw new TypeError('at least one Compose file is needed');
  diagnostics.throwIfErrors();
  const stack = await convertDocument(document, name, env, options, session);
  return { stack, warnings: diagnostics.sorted() };
}

async function convertDocument(document: MapNode, name: string, env: Env, options: LoadOptions, session: LoadSession): Promise<StackSpec> {
  const profiles = options.profiles ?? (env.COMPOSE_PROFILES ?? '').split(',').filter((profile) => profile !== '');
  const active = selectProfiles(document, profiles, session.diagnostics);
  const resolved = await resolveServiceFiles(active, env, session);
  const contents = await readFileContents(resolved, env, session);
  const stack = convertStack({ name, document: resolved, contents, diagnostics: session.diagnostics });
  session.diagnostics.throwIfErrors();
  return stack;
}

/** The folder of the first file, as `docker compose` has it. */
function projectDir(files: readonly string[], workingDir: string): string {
  const [first] = files;
  return first === undefined || first === '-' ? workingDir : dirname(first);
}

/** The caller's variables over those of `envFiles`, or of `.env` beside the first file or, failing that, in the working folder. */
async function projectEnv(session: LoadSession, options: LoadOptions, dir: string): Promise<Env> {
  if (options.envFiles !== undefined) {
    const paths = options.envFiles.map((path) => resolve(options.workingDir, path));
    return { ...(await readEnvFiles(session, paths, options.env, undefined)), ...options.env };
  }
  const beside = `${dir}/.env`;
  const path = (await session.readOptional(beside)) === undefined ? `${options.workingDir}/.env` : beside;
  return { ...(await readEnvFiles(session, [path], options.env, 'optional')), ...options.env };
}
