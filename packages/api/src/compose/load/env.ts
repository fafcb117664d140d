import type { Diagnostic, Diagnostics } from '../diagnostic.js';
import { DotenvError, parseDotenv } from '../interpolate/dotenv.js';
import type { Env } from '../interpolate/interpolate.js';
import { decodeUtf8, type LoadSession, type Origin } from './session.js';

/** Bound of an env file or label file in bytes. */
const MAX_ENV_FILE_BYTES = 1024 * 1024;

/** Variables of the files, later ones winning; `env` can be used within them. A file that is missing is an error unless 'optional'. */
export async function readEnvFiles(
  session: LoadSession,
  paths: readonly string[],
  env: Env,
  origin: Origin | 'optional' | undefined,
): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const path of paths) {
    if (origin === 'optional' && (await session.readOptional(path)) === undefined) continue;
    const found = await readEnvFile(session, path, { ...values, ...env }, origin === 'optional' ? undefined : origin, false);
    Object.assign(values, Object.fromEntries(found));
  }
  return values;
}

/** Variables of one env file; empty after an error was reported. */
export async function readEnvFile(
  session: LoadSession,
  path: string,
  env: Env,
  origin: Origin | undefined,
  raw: boolean,
): Promise<Map<string, string>> {
  const bytes = await session.readBytes(path, origin, MAX_ENV_FILE_BYTES);
  const text = bytes && decodeUtf8(bytes);
  if (bytes !== undefined && text === undefined) fail(session.diagnostics, session.display(path), 1, 'the file is not UTF-8 text');
  if (text === undefined) return new Map();
  try {
    return parseDotenv(text, { raw, lookup: (name) => (Object.hasOwn(env, name) ? env[name] : undefined) });
  } catch (error) {
    if (!(error instanceof DotenvError)) throw error;
    fail(session.diagnostics, session.display(path), error.line, error.message);
    return new Map();
  }
}

function fail(diagnostics: Diagnostics, file: Diagnostic['file'], line: number, message: string): void {
  diagnostics.error({ at: { file, line, column: 1 }, path: [], code: 'env-file', message });
}
