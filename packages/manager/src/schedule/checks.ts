import { type Check, PASS, type TaskGroup } from './filters/filter.js';
import { FILTERS } from './filters/index.js';
import type { NodeTable } from './node-table.js';

/** The nodes that one check turns away for one reason. */
interface Refusal {
  check: Check;
  /** Place of the check in the order of the filters: breaks ties, so that the same words come every time. */
  at: number;
  reason: number;
  indices: number[];
}

/** All filters that concern a group, made ready for it. */
export class Checks {
  readonly #checks: Check[];

  constructor(
    group: TaskGroup,
    private readonly table: NodeTable,
  ) {
    this.#checks = FILTERS.map((filter) => filter.prepare(group, table)).filter((check) => check !== undefined);
  }

  passes(index: number): boolean {
    return this.#checks.every((check) => check.refuse(index) === PASS);
  }

  /** Indices of all nodes that pass. */
  feasible(): number[] {
    const found: number[] = [];
    for (let index = 0; index < this.table.size; index++) if (this.table.node(index) && this.passes(index)) found.push(index);
    return found;
  }

  /** Why no node takes the task, each reason with the number of nodes that it turned away. */
  explain(): string {
    const refusals = this.#refusals();
    const nodes = refusals.reduce((sum, { indices }) => sum + indices.length, 0);
    if (nodes === 0) return 'no suitable node (the cluster has no nodes)';
    const reasons = refusals
      .sort((a, b) => b.indices.length - a.indices.length || a.at - b.at || a.reason - b.reason)
      .map(({ check, reason, indices }) => `${indices.length} ${check.explain(reason, indices)}`);
    return `no suitable node (${nodes} ${nodes === 1 ? 'node' : 'nodes'}: ${reasons.join(', ')})`;
  }

  /** Why one node does not take the task. */
  explainNode(index: number): string {
    for (const check of this.#checks) {
      const reason = check.refuse(index);
      if (reason !== PASS) return `node ${this.table.node(index)!.name} does not suit: ${check.explain(reason, [index])}`;
    }
    return '';
  }

  #refusals(): Refusal[] {
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
      else found.set(key, { check, at, reason, indices: [index] });
    }
    return [...found.values()];
  }
}
