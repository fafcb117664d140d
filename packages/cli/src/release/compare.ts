import type { Snapshot } from './snapshot.js';

export interface FieldChange {
  /** As people call it: `image`, `environment LOG`, `update.parallelism`. */
  field: string;
  /** Absent: it was not there. */
  from?: string;
  /** Absent: it is not there any more. */
  to?: string;
}

export interface ObjectDifference {
  kind: 'service' | 'network' | 'config' | 'secret';
  name: string;
  change: 'added' | 'removed' | 'changed';
  fields: FieldChange[];
}

/** Enough of a hash to tell contents apart. */
const HASH_SHOWN = 12;

/** What has changed from one snapshot of a stack to another, object by object and field by field. */
export function compareSnapshots(before: Snapshot, after: Snapshot): ObjectDifference[] {
  return [
    ...compareObjects('service', before.services, after.services),
    ...compareObjects('network', before.networks, after.networks),
    ...compareObjects('config', filesOf(before, 'configs'), filesOf(after, 'configs')),
    ...compareObjects('secret', filesOf(before, 'secrets'), filesOf(after, 'secrets')),
  ];
}

function filesOf({ files }: Snapshot, kind: 'configs' | 'secrets') {
  return files.filter((file) => file.kind === kind).map(({ name, labels, hash }) => ({ name, labels, content: hash.slice(0, HASH_SHOWN) }));
}

function compareObjects<T extends { name: string }>(
  kind: ObjectDifference['kind'],
  before: readonly T[],
  after: readonly T[],
): ObjectDifference[] {
  const old = new Map(before.map((object) => [object.name, object]));
  const fresh = new Map(after.map((object) => [object.name, object]));
  return [...new Set([...old.keys(), ...fresh.keys()])].sort().flatMap((name): ObjectDifference[] => {
    const [from, to] = [old.get(name), fresh.get(name)];
    if (!from || !to) return [{ kind, name, change: from ? 'removed' : 'added', fields: [] }];
    const fields = compareFields(leavesOf(from), leavesOf(to));
    return fields.length === 0 ? [] : [{ kind, name, change: 'changed', fields }];
  });
}

function compareFields(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): FieldChange[] {
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((field): FieldChange[] => {
    const [from, to] = [before.get(field), after.get(field)];
    return from === to ? [] : [{ field, ...(from !== undefined && { from }), ...(to !== undefined && { to }) }];
  });
}

/** Every value of an object by the name that people know it under. */
function leavesOf(object: object): Map<string, string> {
  const leaves = new Map<string, string>();
  const walk = (value: unknown, path: readonly string[]): void => {
    if (value === undefined) return;
    if (Array.isArray(value)) for (const [index, item] of value.entries()) walkItem(item, path, index);
    else if (typeof value === 'object' && value !== null) for (const [key, part] of Object.entries(value)) walk(part, [...path, key]);
    else leaves.set(fieldName(path), shown(path, value));
  };
  const walkItem = (item: unknown, path: readonly string[], index: number): void => {
    const variable = path.at(-1) === 'env' && typeof item === 'string' ? /^([^=]*)=?(.*)$/s.exec(item) : null;
    if (variable) leaves.set(`environment ${variable[1]}`, variable[2] ?? '');
    else walk(item, [...path, keyOf(item, index)]);
  };
  walk(object, []);
  return leaves;
}

/** Items of a list are told apart by what they are about, so that a new one in front does not change all others. */
function keyOf(item: unknown, index: number): string {
  if (typeof item !== 'object' || item === null) return String(index + 1);
  const { network, service, source, target, name, kind } = item as Record<string, unknown>;
  return String(network ?? service ?? source ?? target ?? name ?? kind ?? index + 1);
}

function fieldName(path: readonly string[]): string {
  const short = path[0] === 'template' ? path.slice(path[1] === 'container' ? 2 : 1) : path;
  if (short[0] === 'fileHashes') return `content of ${short.slice(1).join('.')}`;
  return short.join('.');
}

function shown(path: readonly string[], value: unknown): string {
  return path.includes('fileHashes') ? String(value).slice(0, HASH_SHOWN) : String(value);
}
