import type { Claim } from '../claim.js';

/** Waiting tasks for which room is kept. */
export interface Keeper {
  serviceId: string;
  /** Of the group, within the service. */
  key: string;
  serviceName: string;
  priority: number;
  /** What each of the tasks will take. */
  claim: Claim;
}

/** Room for so many tasks on a node. */
export interface KeptRoom {
  keeper: Keeper;
  index: number;
  tasks: number;
}

type GroupId = Pick<Keeper, 'serviceId' | 'key'>;
const NOTHING: ReadonlyMap<number, number> = new Map();

/** Nodes on which tasks were told to go to make room: until it is used, no task of lower priority may take it. */
export class KeptNodes {
  #version = 0;
  readonly #rooms = new Map<string, { keeper: Keeper; nodes: ReadonlyMap<number, number> }>();

  /** Grows with every change. */
  get version(): number {
    return this.#version;
  }

  get isEmpty(): boolean {
    return this.#rooms.size === 0;
  }

  /** The one of the highest priority for whom a node is kept. */
  at(index: number): Keeper | undefined {
    let best: Keeper | undefined;
    for (const { keeper, nodes } of this.#rooms.values())
      if (nodes.has(index) && (best === undefined || keeper.priority > best.priority)) best = keeper;
    return best;
  }

  keepers(): Keeper[] {
    return [...this.#rooms.values()].map(({ keeper }) => keeper);
  }

  /** The group, if room is kept for it. */
  keeperOf(group: GroupId): Keeper | undefined {
    return this.isEmpty ? undefined : this.#rooms.get(idOf(group))?.keeper;
  }

  /** Tasks by node index for which room is kept. */
  nodesOf(group: GroupId): ReadonlyMap<number, number> {
    return this.#rooms.get(idOf(group))?.nodes ?? NOTHING;
  }

  /** All room that is kept for other groups than this one. */
  *ofOthers(group: GroupId): Iterable<KeptRoom> {
    for (const [id, { keeper, nodes }] of this.#rooms)
      if (id !== idOf(group)) for (const [index, tasks] of nodes) yield { keeper, index, tasks };
  }

  /** Room for a group, in place of what was kept for it. @returns whether other nodes are kept now, or others may not have them */
  keep(keeper: Keeper, nodes: ReadonlyMap<number, number>): boolean {
    const id = idOf(keeper);
    const before = this.#rooms.get(id);
    const isOfOtherPriority = before !== undefined && before.keeper.priority !== keeper.priority;
    if (isOfOtherPriority || !isSame(before?.nodes ?? NOTHING, nodes)) this.#version++;
    if (nodes.size === 0) this.#rooms.delete(id);
    else this.#rooms.set(id, { keeper, nodes });
    const had = before?.nodes ?? NOTHING;
    return isOfOtherPriority || had.size !== nodes.size || [...nodes.keys()].some((index) => !had.has(index));
  }

  deleteNode(index: number): void {
    for (const { keeper, nodes } of this.#rooms.values())
      if (nodes.has(index)) this.keep(keeper, new Map([...nodes].filter(([kept]) => kept !== index)));
  }
}

function isSame(a: ReadonlyMap<number, number>, b: ReadonlyMap<number, number>): boolean {
  return a.size === b.size && [...a].every(([index, tasks]) => b.get(index) === tasks);
}

function idOf({ serviceId, key }: GroupId): string {
  return `${serviceId}/${key}`;
}
