import { textOf } from '../canonical/collections.js';
import type { Env } from '../interpolate/interpolate.js';
import { mergeDocuments, settle } from '../merge/merge.js';
import { dirname } from '../posix-path.js';
import { type ComposeNode, child, type MapEntry, type MapNode, toPlain, withEntry } from '../yaml/node.js';
import { readEnvFiles } from './env.js';
import { ExtendsResolver } from './extends.js';
import { type LoadSession, MAX_INCLUDES, type Origin } from './session.js';

const SECTIONS = ['services', 'networks', 'volumes', 'configs', 'secrets', 'models'];

/** One entry of `include`, all paths absolute. */
interface Inclusion {
  origin: Origin;
  paths: string[];
  envFiles: string[] | undefined;
  dir: string;
}

/** Adds what the document includes, which may include more. `chain` lists the files that led here. */
export async function applyIncludes(document: MapNode, session: LoadSession, env: Env, chain: readonly string[]): Promise<MapNode> {
  const include = child(document, 'include');
  let result = withEntry(document, 'include', undefined);
  for (const inclusion of include?.kind === 'list' ? include.items.map(inclusionOf) : []) {
    const included = await load(inclusion, session, env, chain);
    if (included !== undefined) result = importSections(result, included, session);
  }
  return result;
}

function inclusionOf(item: ComposeNode, index: number): Inclusion {
  const paths = textsOf(child(item, 'path'));
  const envFiles = child(item, 'env_file');
  const dir = textOf(child(item, 'project_directory')) || dirname(paths[0] ?? '');
  return { origin: { at: item.at, path: ['include', index] }, paths, envFiles: envFiles && textsOf(envFiles), dir };
}

function textsOf(node: ComposeNode | undefined): string[] {
  return node?.kind === 'list' ? node.items.map(textOf) : [];
}

async function load(
  { origin, paths, envFiles, dir }: Inclusion,
  session: LoadSession,
  parentEnv: Env,
  chain: readonly string[],
): Promise<MapNode | undefined> {
  if (!session.mayInclude()) {
    session.diagnostics.error({ ...origin, code: 'include', message: `more than ${MAX_INCLUDES} files are included` });
    return undefined;
  }
  const again = paths.find((path) => chain.includes(path));
  if (again !== undefined) {
    const circle = [...chain.slice(chain.indexOf(again)), again].map((path) => session.display(path));
    session.diagnostics.error({
      ...origin,
      code: 'include',
      message: `files include each other in a circle: ${circle.join(' -> ')}`,
      cure: 'take one include out',
    });
    return undefined;
  }
  // The including project's variables win, so that it can steer what it includes. Source: Compose specification, `include`.
  const env = {
    ...(await readEnvFiles(session, envFiles ?? [`${dir}/.env`], parentEnv, envFiles === undefined ? 'optional' : origin)),
    ...parentEnv,
  };
  const document = await mergeSources(await parseSources(paths, session, origin), session, dir, env);
  return document && applyIncludes(document, session, env, [...chain, ...paths]);
}

/** A Compose file as it was parsed. */
export interface Source {
  path: string;
  tree: MapNode;
}

/** Parses files; those that cannot be are reported and left out. */
export async function parseSources(paths: readonly string[], session: LoadSession, origin?: Origin): Promise<Source[]> {
  const sources: Source[] = [];
  for (const path of paths) {
    const tree = await session.parse(path, origin);
    if (tree !== undefined) sources.push({ path, tree });
  }
  return sources;
}

/** Prepares files and merges them in their order; undefined when none could be used. */
export async function mergeSources(sources: readonly Source[], session: LoadSession, dir: string, env: Env): Promise<MapNode | undefined> {
  const resolver = new ExtendsResolver(session, env);
  let merged: MapNode | undefined;
  for (const { path, tree } of sources) {
    const prepared = session.prepare(tree, dir, env);
    if (prepared === undefined) continue;
    const resolved = await resolver.resolve(path, prepared, merged);
    merged = merged === undefined ? resolved : mergeDocuments(merged, resolved);
  }
  return merged && (settle(merged) as MapNode);
}

function importSections(document: MapNode, included: MapNode, session: LoadSession): MapNode {
  return SECTIONS.reduce((result, section) => {
    const theirs = child(included, section);
    if (theirs?.kind !== 'map') return result;
    const ours = child(result, section);
    const entries = new Map(ours?.kind === 'map' ? ours.entries : []);
    for (const [name, entry] of theirs.entries) addEntry(entries, section, name, entry, session);
    return withEntry(result, section, { ...theirs, entries });
  }, document);
}

function addEntry(entries: Map<string, MapEntry>, section: string, name: string, entry: MapEntry, session: LoadSession): void {
  const own = entries.get(name);
  if (own === undefined) entries.set(name, entry);
  else if (JSON.stringify(toPlain(own.value)) !== JSON.stringify(toPlain(entry.value))) {
    const { file, line } = entry.at;
    const message = `is also defined, differently, in the included ${file}:${line}`;
    session.diagnostics.error({
      at: own.at,
      path: [section, name],
      code: 'include',
      message,
      cure: 'rename one of them, or give the override as a further -f file',
    });
  }
}
