import type { Family } from '../family.js';

/** Names of the sets and maps of the skeleton that fragments put elements into. */
export type SetName =
  | 'peers'
  | 'self'
  | 'own'
  | 'vteps'
  | 'zones'
  | 'returns'
  | 'overlay'
  | 'vipnets'
  | 'interfaces'
  | 'internal'
  | 'apart'
  | 'hubs'
  | 'pairs'
  | 'checks'
  | 'members'
  | 'gateways'
  | 'vips'
  | 'ports'
  | 'hostports'
  | 'closed'
  | 'hostclosed'
  | 'hairpin'
  | 'recorders';

/** An element as nft writes it: `key`, or `key : value` in maps. No two fragments have the same key in one set. */
export type Element = string;

/** A map that packets fill: which task a client was sent to. */
export interface ClientMap {
  declaration: string;
  /** Addresses that its entries lead to: it is emptied when one of them goes. */
  leadsTo: readonly string[];
}

/** One network's or one service's part of the table. Never changed, only replaced. */
export interface Fragment {
  elements: Readonly<Partial<Record<SetName, readonly Element[]>>>;
  /** Rules by the name of their chain. */
  chains: Readonly<Record<string, readonly string[]>>;
  clientMaps: Readonly<Record<string, ClientMap>>;
}

export type Fragments = ReadonlyMap<string, Fragment>;

const NOTHING: Fragment = { elements: {}, chains: {}, clientMaps: {} };

/** The nftables table that the agent owns, one of each family of addresses. */
export const TABLE = 'tessera';

/** Something as it was, where it was, and as it is. */
interface Replaced<T> {
  before: T | undefined;
  after: T | undefined;
}

/** Fragments that came, changed or went, by their keys. */
export type FragmentChanges = Map<string, Replaced<Fragment>>;

/**
 * Lines for `nft -f` that lead from the fragments before to those after, as one transaction; empty when nothing differs. Costs what differs.
 *
 * Order: nothing may point at a chain or a map that is not there yet or no longer.
 */
export function fragmentLines(family: Family, changes: FragmentChanges): string[] {
  const script = new Script(`${family.name} ${TABLE}`);
  for (const { before = NOTHING, after = NOTHING } of changes.values()) script.replace(before, after);
  return script.lines();
}

/** Collects changes by kind, whichever fragment they come from, and puts them in an order that nft takes. */
class Script {
  readonly #gone = new Map<SetName, Element[]>();
  readonly #come = new Map<SetName, Element[]>();
  /** By name: a chain or map may go from one fragment to another. */
  readonly #chains = new Map<string, Replaced<readonly string[]>>();
  readonly #clientMaps = new Map<string, Replaced<ClientMap>>();

  /** @param table with its family, as commands name it */
  constructor(private readonly table: string) {}

  replace(before: Fragment, after: Fragment): void {
    for (const set of new Set([...Object.keys(before.elements), ...Object.keys(after.elements)]) as Set<SetName>) {
      const [old, next] = [new Set(before.elements[set]), new Set(after.elements[set])];
      for (const element of old) if (!next.has(element)) push(this.#gone, set, element);
      for (const element of next) if (!old.has(element)) push(this.#come, set, element);
    }
    note(this.#chains, before.chains, after.chains);
    note(this.#clientMaps, before.clientMaps, after.clientMaps);
  }

  lines(): string[] {
    const chains = [...this.#chains].filter(([, { before, after }]) => before?.join('\n') !== after?.join('\n'));
    const maps = [...this.#clientMaps];
    const { table } = this;
    return [
      ...[...this.#gone].map(([set, elements]) => `delete element ${table} ${set} { ${elements.map(keyOf).join(', ')} }`),
      ...maps.flatMap(([name, { before, after }]) => (after && !before ? [`add map ${table} ${name} { ${after.declaration} }`] : [])),
      ...chains.map(([name, { before }]) => `${before ? 'flush' : 'add'} chain ${table} ${name}`),
      ...chains.flatMap(([name, { after = [] }]) => after.map((rule) => `add rule ${table} ${name} ${rule}`)),
      ...[...this.#come].map(([set, elements]) => `add element ${table} ${set} { ${elements.join(', ')} }`),
      ...chains.flatMap(([name, { after }]) => (after ? [] : [`delete chain ${table} ${name}`])),
      ...maps.flatMap(([name, change]) => clientMapLines(table, name, change)),
    ];
  }
}

function clientMapLines(table: string, name: string, { before, after }: Replaced<ClientMap>): string[] {
  if (before && !after) return [`delete map ${table} ${name}`];
  const isStale = before?.leadsTo.some((address) => !after?.leadsTo.includes(address));
  return isStale ? [`flush map ${table} ${name}`] : [];
}

function note<T>(changes: Map<string, Replaced<T>>, before: Readonly<Record<string, T>>, after: Readonly<Record<string, T>>): void {
  for (const [name, value] of Object.entries(before)) changes.set(name, { before: value, after: changes.get(name)?.after });
  for (const [name, value] of Object.entries(after)) changes.set(name, { before: changes.get(name)?.before, after: value });
}

function keyOf(element: Element): string {
  return element.split(' : ')[0] as string;
}

function push<K>(lists: Map<K, Element[]>, key: K, element: Element): void {
  const list = lists.get(key);
  if (list) list.push(element);
  else lists.set(key, [element]);
}
