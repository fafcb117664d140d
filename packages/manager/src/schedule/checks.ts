import { type Check, PASS, type TaskGroup } from './filters/filter.js';
import { FILTERS } from './filters/index.js';
import type { NodeTable } from './node-table.js';
import type { Since } from './table-changes.js';

/** The nodes that one check turns away for one reason. */
export interface Refusal {
  /** Name of the filter. */
  filter: string;
  check: Check;
  /** Place of the check in the order of the filters: breaks ties, so that the same words come every time. */
  at: number;
  reason: number;
  indices: number[];
}

/** All filters that concern a group, made ready for it. */
export class Checks {
  readonly #checks: Check[] = [];
  /** Of their filters. */
  readonly #names: string[] = [];
  /** Whether a task may make other nodes unfit than its own. */
  readonly reachFar: boolean;
  readonly #helpedByRoom: boolean;
  /** Whether any counts beyond single nodes. */
  readonly countsFar: boolean;
  /** Those that do. */
  readonly #countFar: Check[];

  constructor(
    group: TaskGroup,
    private readonly table: NodeTable,
  ) {
    for (const filter of FILTERS) {
      const check = filter.prepare(group, table);
      if (!check) continue;
      this.#checks.push(check);
      this.#names.push(filter.name);
    }
    this.#countFar = this.#checks.filter((check) => check.placed ?? check.helpedByTask);
    this.countsFar = this.#countFar.length > 0;
    this.reachFar = this.#checks.some((check) => check.placed !== undefined);
    this.#helpedByRoom = this.#checks.some((check) => check.helpedByRoom === true);
  }

  passes(index: number): boolean {
    for (const check of this.#checks) if (check.refuse(index) !== PASS) return false;
    return true;
  }

  /** Whether a refused group has to look at all nodes again, with checks made anew. */
  needsAnew({ nodes, claims }: Since): boolean {
    if (this.#countFar.length === 0) return false;
    if (nodes.size > 0) return true;
    for (const claim of claims) if (this.#countFar.some((check) => check.helpedByTask?.(claim))) return true;
    return false;
  }

  /** Indices of nodes that pass and may not have passed before. */
  helped({ nodes, room }: Since): number[] {
    const passes = (index: number): boolean => this.table.node(index) !== undefined && this.passes(index);
    const found = [...nodes].filter(passes);
    if (this.#helpedByRoom) for (const index of room) if (!nodes.has(index) && passes(index)) found.push(index);
    return found;
  }

  /** Whether the first rule that turns the node away is one that room on it may satisfy. */
  wantsRoom(index: number): boolean {
    return this.#checks.find((check) => check.refuse(index) !== PASS)?.helpedByRoom === true;
  }

  /** Tells the checks that the group was given a node. */
  placed(index: number): void {
    if (this.reachFar) for (const check of this.#checks) check.placed?.(index);
  }

  /** Indices of all nodes that pass. */
  feasible(): number[] {
    const found: number[] = [];
    for (let index = 0; index < this.table.size; index++) if (this.table.node(index) && this.passes(index)) found.push(index);
    return found;
  }

  /** Why one node does not take the task. */
  explainNode(index: number): string {
    for (const check of this.#checks) {
      const reason = check.refuse(index);
      if (reason !== PASS) return `node ${this.table.node(index)!.name} does not suit: ${check.explain(reason, [index])}`;
    }
    return '';
  }

  /** What turns nodes away, that which turns away most first: each node is counted under the first check that does. */
  refusals(): Refusal[] {
    const found = new Map<string, Refusal>();
    for (let index = 0; index < this.table.size; index++) {
      if (!this.table.node(index)) continue;
      const at = this.#checks.findIndex((check) => check.refuse(index) !== PASS);
      if (at < 0) continue;
      const check = this.#checks[at]!;
      const reason = check.refuse(index);
      const key = `${at}/${reason}`;
      const entry = found.get(key);
      if (entry) entry.indices.push(index);
      else found.set(key, { filter: this.#names[at]!, check, at, reason, indices: [index] });
    }
    return [...found.values()].sort((a, b) => b.indices.length - a.indices.length || a.at - b.at || a.reason - b.reason);
  }
}
