import { textOf } from '../canonical/collections.js';
import type { Path } from '../diagnostic.js';
import type { Env } from '../interpolate/interpolate.js';
import { type ComposeNode, child, type MapEntry, type MapNode, type Mark, scalarNode, withEntry } from '../yaml/node.js';
import { readEnvFile } from './env.js';
import type { LoadSession } from './session.js';

/** Reads each service's `env_file` and `label_file` into its `environment` and `labels`, which win over the files. */
export async function resolveServiceFiles(document: MapNode, env: Env, session: LoadSession): Promise<MapNode> {
  const services = child(document, 'services');
  if (services?.kind !== 'map') return document;
  const entries = new Map<string, MapEntry>();
  for (const [name, { at, value }] of services.entries) {
    entries.set(name, { at, value: value.kind === 'map' ? await resolveService(name, value, env, session) : value });
  }
  return withEntry(document, 'services', { ...services, entries });
}

async function resolveService(name: string, service: MapNode, env: Env, session: LoadSession): Promise<MapNode> {
  const path = ['services', name];
  const environment = await mergeEnvFiles(service, path, env, session);
  const labels = await mergeLabelFiles(service, path, session);
  const withEnvironment = withEntry(service, 'environment', environment && inheritVariables(environment, env));
  return withEntry(withEnvironment, 'labels', labels);
}

async function mergeEnvFiles(service: MapNode, path: Path, env: Env, session: LoadSession): Promise<MapNode | undefined> {
  const values = new Map<string, MapEntry>();
  for (const [index, file] of itemsOf(child(service, 'env_file')).entries()) {
    const target = textOf(child(file, 'path'));
    if (isFalse(child(file, 'required')) && (await session.readOptional(target)) === undefined) continue;
    const known = { ...Object.fromEntries([...values].map(([key, entry]) => [key, textOf(entry.value)])), ...env };
    const origin = { at: child(file, 'path')?.at ?? file.at, path: [...path, 'env_file', index] };
    addValues(values, await readEnvFile(session, target, known, origin, textOf(child(file, 'format')) === 'raw'), file.at);
  }
  return layOver(values, child(service, 'environment'), service.at);
}

async function mergeLabelFiles(service: MapNode, path: Path, session: LoadSession): Promise<MapNode | undefined> {
  const values = new Map<string, MapEntry>();
  for (const [index, file] of itemsOf(child(service, 'label_file')).entries()) {
    addValues(values, await readEnvFile(session, textOf(file), {}, { at: file.at, path: [...path, 'label_file', index] }, false), file.at);
  }
  return layOver(values, child(service, 'labels'), service.at);
}

function addValues(values: Map<string, MapEntry>, found: ReadonlyMap<string, string>, at: Mark): void {
  for (const [key, value] of found) values.set(key, { at, value: scalarNode(value, at) });
}

function layOver(values: Map<string, MapEntry>, own: ComposeNode | undefined, at: Mark): MapNode | undefined {
  if (own?.kind === 'map') for (const [key, entry] of own.entries) values.set(key, entry);
  return values.size === 0 ? undefined : { kind: 'map', at: own?.at ?? at, entries: values };
}

/** `KEY` without a value takes the project's, or is not set at all when there is none. */
function inheritVariables(environment: MapNode, env: Env): MapNode {
  const entries = new Map<string, MapEntry>();
  for (const [key, entry] of environment.entries) {
    const missing = entry.value.kind === 'scalar' && entry.value.value === null;
    const inherited = Object.hasOwn(env, key) ? env[key] : undefined;
    if (!missing) entries.set(key, entry);
    else if (inherited !== undefined) entries.set(key, { at: entry.at, value: scalarNode(inherited, entry.value.at) });
  }
  return { ...environment, entries };
}

function itemsOf(node: ComposeNode | undefined): readonly ComposeNode[] {
  return node?.kind === 'list' ? node.items : [];
}

function isFalse(node: ComposeNode | undefined): boolean {
  return node?.kind === 'scalar' && node.value === false;
}
