import type { NodeTable } from '../node-table.js';
import type { AffinityRule } from './rules.js';

/** How many tasks that a rule is about are in each place: counted once, and kept current while the group itself is placed. */
export class Tally {
  readonly #domains;
  /** By number of the place. */
  readonly #counts = new Map<number, number>();
  readonly #isSelf: boolean;
  /** The rule's tasks are nowhere. */
  #isEmpty = true;

  constructor(
    table: NodeTable,
    private readonly rule: AffinityRule,
    serviceId: string,
  ) {
    this.#domains = table.domains(rule.topology);
    this.#isSelf = rule.services.has(serviceId);
    for (const service of rule.services) for (const [index, count] of table.countsOf(service)) this.#add(index, count);
  }

  /** Whether the place of the node has such a task. */
  has(index: number): boolean {
    return (this.#counts.get(this.#domains.at(index)) ?? 0) > 0;
  }

  /** Whether the rule holds on the node. The first of those that want to be near each other may go anywhere. */
  allows(index: number): boolean {
    if (this.rule.kind === 'apart') return !this.has(index);
    return this.has(index) || (this.#isSelf && this.#isEmpty);
  }

  /** The group was given the node. @returns whether that changes what is true of other nodes too */
  placed(index: number): boolean {
    if (!this.#isSelf) return false;
    const isFirst = !this.has(index);
    this.#add(index, 1);
    return isFirst;
  }

  #add(index: number, count: number): void {
    const domain = this.#domains.at(index);
    this.#counts.set(domain, (this.#counts.get(domain) ?? 0) + count);
    this.#isEmpty = false;
  }
}
