import { ApiError, type Kind, type ObjectTypes } from '@tessera/api';
import { nearest } from '@tessera/api/compose/suggest';
import { type ClusterView, isNamedKind, nameOf } from '../model/view.js';

/** What people call an object of a kind. */
export const NOUNS: Readonly<Record<Kind, string>> = {
  clusters: 'cluster',
  stacks: 'stack',
  services: 'service',
  revisions: 'service revision',
  tasks: 'task',
  nodes: 'node',
  managers: 'manager',
  networks: 'network',
  blocks: 'network block',
  vips: 'virtual address',
  configs: 'config',
  secrets: 'secret',
  usages: 'usage of node',
  contents: 'content',
  releases: 'release',
  certificates: 'certificate',
};

const MAX_CANDIDATES = 10;

/**
 * The object that a name, an id, or the beginning of an id stands for, in this order.
 * @throws ApiError `not-found`, with a name that is near if there is one; `ambiguous` with the candidates.
 */
export function resolve<K extends Kind>(view: ClusterView, kind: K, ref: string): ObjectTypes[K] {
  const exact = (isNamedKind(kind) ? view.byName(kind, ref) : undefined) ?? view.get(kind, ref);
  if (exact) return exact as ObjectTypes[K];
  const matches = [...view.all(kind)].filter((object) => object.id.startsWith(ref));
  if (matches.length > 1) throw ambiguous(kind, ref, matches);
  const [only] = matches;
  if (!only) throw notFound(view, kind, ref);
  return only;
}

function ambiguous<K extends Kind>(kind: K, ref: string, matches: readonly ObjectTypes[K][]): ApiError {
  const shown = matches.slice(0, MAX_CANDIDATES).map((object) => label(kind, object));
  const details = matches.length > shown.length ? [...shown, `and ${matches.length - shown.length} more`] : shown;
  return new ApiError('ambiguous', `${matches.length} ${NOUNS[kind]}s have an id that begins with '${ref}'`, {
    cure: 'give more of the id, or the name',
    details,
  });
}

function notFound(view: ClusterView, kind: Kind, ref: string): ApiError {
  const near = isNamedKind(kind) ? nearest(ref, namesOf(view, kind)) : undefined;
  const isNamed = isNamedKind(kind);
  return new ApiError('not-found', isNamed ? `no ${NOUNS[kind]} has the name or id '${ref}'` : `no ${NOUNS[kind]} has the id '${ref}'`, {
    ...(near !== undefined && { cure: `did you mean '${near}'?` }),
  });
}

function* namesOf(view: ClusterView, kind: Kind): Iterable<string> {
  if (isNamedKind(kind)) for (const object of view.all(kind)) yield nameOf(kind, object);
}

function label<K extends Kind>(kind: K, object: ObjectTypes[K]): string {
  if (isNamedKind(kind)) return `${object.id} ${nameOf(kind, object as never)}`;
  return 'serviceName' in object ? `${object.id} ${object.serviceName}` : object.id;
}
