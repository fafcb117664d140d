import { textOf } from '../canonical/collections.js';
import type { Path } from '../diagnostic.js';
import { type ComposeNode, isNull, type ListNode, type MapEntry, type MapNode } from '../yaml/node.js';

/** What makes two items of a list the same, so that the later takes the earlier's place. */
type Identity = (item: ComposeNode) => string;
type Rule = { kind: 'replace' } | { kind: 'logging' } | { kind: 'keyed'; identity: Identity };

const REPLACE: Rule = { kind: 'replace' };
const keyed = (identity: Identity): Rule => ({ kind: 'keyed', identity });
const field = (item: ComposeNode, key: string) => (item.kind === 'map' ? textOf(item.entries.get(key)?.value) : '');
const UNIQUE = keyed((item) => (item.kind === 'scalar' ? textOf(item) : JSON.stringify(item)));
/** A config or secret by its place in the container: by default that of its name. */
const byFileTarget = (folder: string) => keyed((item) => field(item, 'target') || `${folder}${field(item, 'source')}`);

/** How the keys of a service merge that do not simply merge maps, append lists and replace values. Source: Compose specification, "Merge". */
const SERVICE_RULES: Readonly<Record<string, Rule>> = {
  command: REPLACE,
  entrypoint: REPLACE,
  'healthcheck.test': REPLACE,
  logging: { kind: 'logging' },
  ports: keyed((port) => ['host_ip', 'published', 'target', 'protocol'].map((key) => field(port, key)).join(':')),
  volumes: keyed((mount) => field(mount, 'target')),
  configs: byFileTarget('/'),
  secrets: byFileTarget('/run/secrets/'),
  devices: keyed((device) => field(device, 'target') || field(device, 'source')),
  env_file: keyed((file) => field(file, 'path')),
  ...Object.fromEntries(
    [
      'cap_add',
      'cap_drop',
      'device_cgroup_rules',
      'dns',
      'dns_opt',
      'dns_search',
      'expose',
      'external_links',
      'group_add',
      'label_file',
      'links',
      'profiles',
      'security_opt',
      'tmpfs',
      'volumes_from',
    ].map((key) => [key, UNIQUE]),
  ),
};

/** The earlier document with the later one's values laid over it. Both are canonical. */
export function mergeDocuments(base: MapNode, over: MapNode): MapNode {
  return merge(base, over, []) as MapNode;
}

/** A service with another's values laid over it, as `extends` does. */
export function mergeServices(base: MapNode, over: MapNode): MapNode {
  return merge(base, over, ['services', '*']) as MapNode;
}

/** Takes `!reset` keys out of a document that no earlier one lies under, and the tags of `!override`. */
export function settle(node: ComposeNode): ComposeNode {
  if (node.kind === 'scalar') return node.tag === undefined ? node : { ...node, tag: undefined };
  if (node.kind === 'list') return { ...node, tag: undefined, items: node.items.map(settle) };
  const entries = new Map<string, MapEntry>();
  for (const [key, { at, value }] of node.entries) if (value.tag !== 'reset') entries.set(key, { at, value: settle(value) });
  return { ...node, tag: undefined, entries };
}

function merge(base: ComposeNode, over: ComposeNode, path: Path): ComposeNode {
  const rule = path[0] === 'services' ? SERVICE_RULES[path.slice(2).join('.')] : undefined;
  if (over.tag === 'override' || rule?.kind === 'replace' || base.kind === 'scalar') return over;
  if (isNull(over)) return base;
  if (over.kind === 'list' && base.kind === 'list') return mergeLists(base, over, rule);
  if (over.kind !== 'map' || base.kind !== 'map') return over;
  if (rule?.kind === 'logging' && !sameDriver(base, over)) return over;
  return mergeMaps(base, over, path);
}

function mergeMaps(base: MapNode, over: MapNode, path: Path): MapNode {
  const entries = new Map(base.entries);
  for (const [key, { at, value }] of over.entries) {
    const before = entries.get(key)?.value;
    if (value.tag === 'reset') entries.delete(key);
    else entries.set(key, { at, value: before === undefined ? value : merge(before, value, [...path, key]) });
  }
  return { ...base, entries };
}

function mergeLists(base: ListNode, over: ListNode, rule: Rule | undefined): ListNode {
  if (rule?.kind !== 'keyed') return { ...base, items: [...base.items, ...over.items] };
  const items = new Map(base.items.map((item) => [rule.identity(item), item]));
  for (const item of over.items) items.set(rule.identity(item), item);
  return { ...base, items: [...items.values()] };
}

/** Options of one log driver mean nothing to another. */
function sameDriver(base: MapNode, over: MapNode): boolean {
  const driver = field(over, 'driver');
  return driver === '' || field(base, 'driver') === '' || driver === field(base, 'driver');
}
