import type { Network, NetworkSpec } from '@tessera/api';
import { divisionOf } from '../model/subnet.js';

/** What networks have to give, and what tasks have taken of it: kept current change by change. */
export interface NetworkSpace {
  subnet: string;
  /** Nodes that can take part at a time. */
  blocks: number;
  /** Containers on one node. */
  perBlock: number;
}

/** Addresses of the cluster's networks, by full name, and the tasks that each node has on them. */
export class NetworkTable {
  readonly #spaces = new Map<string, NetworkSpace>();
  readonly #specs = new Map<string, NetworkSpec>();
  readonly #names = new Map<string, string>();
  /** Tasks by node index, by network; nodes without any are left out. */
  readonly #tasks = new Map<string, Map<number, number>>();

  /** Takes over a change of a network. @returns its full name, if it was ever heard of. */
  take(id: string, network: Network | undefined): string | undefined {
    const name = network?.spec.name ?? this.#names.get(id);
    if (network) this.put(network);
    else this.#delete(id);
    return name;
  }

  put({ id, spec, allocation }: Network): void {
    this.#names.set(id, spec.name);
    const subnet = allocation?.subnet ?? spec.subnet ?? '';
    this.#specs.set(spec.name, spec);
    const division = spec.driver === 'overlay' ? divisionOf(subnet) : undefined;
    if (division) this.#spaces.set(spec.name, { subnet, blocks: division.blocks, perBlock: division.perBlock });
    else this.#spaces.delete(spec.name);
  }

  #delete(id: string): void {
    const name = this.#names.get(id);
    this.#names.delete(id);
    if (name === undefined || [...this.#names.values()].includes(name)) return;
    this.#spaces.delete(name);
    this.#specs.delete(name);
  }

  /** `undefined` for a network without a subnet: it has none yet, or is no overlay. */
  space(network: string): NetworkSpace | undefined {
    return this.#spaces.get(network);
  }

  /** What was asked for, also before the network has a subnet. */
  spec(network: string): NetworkSpec | undefined {
    return this.#specs.get(network);
  }

  tasksOn(network: string, index: number): number {
    return this.#tasks.get(network)?.get(index) ?? 0;
  }

  /** Nodes with tasks of the network. */
  nodesOf(network: string): number {
    return this.#tasks.get(network)?.size ?? 0;
  }

  count(network: string, index: number, sign: 1 | -1): void {
    let tasks = this.#tasks.get(network);
    if (!tasks) this.#tasks.set(network, (tasks = new Map()));
    const count = (tasks.get(index) ?? 0) + sign;
    if (count > 0) tasks.set(index, count);
    else tasks.delete(index);
    if (tasks.size === 0) this.#tasks.delete(network);
  }
}
