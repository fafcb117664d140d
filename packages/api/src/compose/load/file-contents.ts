import { textOf } from '../canonical/collections.js';
import type { Env } from '../interpolate/interpolate.js';
import { child, type MapEntry, type MapNode } from '../yaml/node.js';
import type { LoadSession } from './session.js';

/** More than any config or secret may hold; the exact bounds are checked when they are converted. */
const MAX_CONTENT_BYTES = 16 * 1024 * 1024;

/** Bytes of each config and secret of the document, by `configs.name` or `secrets.name`; external ones have none. */
export type FileContents = ReadonlyMap<string, Uint8Array>;

/** Reads what `file`, `environment` and `content` of the document's configs and secrets say. */
export async function readFileContents(document: MapNode, env: Env, session: LoadSession): Promise<FileContents> {
  const contents = new Map<string, Uint8Array>();
  for (const section of ['configs', 'secrets']) {
    const declared = child(document, section);
    for (const [name, entry] of declared?.kind === 'map' ? declared.entries : []) {
      const bytes = await readContent(section, name, entry, env, session);
      if (bytes !== undefined) contents.set(`${section}.${name}`, bytes);
    }
  }
  return contents;
}

async function readContent(
  section: string,
  name: string,
  entry: MapEntry,
  env: Env,
  session: LoadSession,
): Promise<Uint8Array | undefined> {
  const file = child(entry.value, 'file');
  const content = child(entry.value, 'content');
  const variable = child(entry.value, 'environment');
  if (file !== undefined) return session.readBytes(textOf(file), { at: file.at, path: [section, name, 'file'] }, MAX_CONTENT_BYTES);
  if (content !== undefined) return new TextEncoder().encode(textOf(content));
  if (variable === undefined) return undefined;
  const key = textOf(variable);
  if (Object.hasOwn(env, key)) return new TextEncoder().encode(env[key]);
  session.diagnostics.error({
    at: variable.at,
    path: [section, name, 'environment'],
    code: 'unset-variable',
    message: `the variable '${key}' is not set`,
    cure: `set ${key} in the environment or in .env`,
  });
  return undefined;
}
