import type { Log } from '@tessera/kit';
import { type Fragments, fragmentChanges } from '../plan/network/table/fragment.js';
import { noTable, wholeTable } from '../plan/network/table/skeleton.js';
import { TablePlanner } from '../plan/network/table/table-planner.js';
import type { KernelNetwork } from '../ports/kernel.js';
import type { NetworkState } from '../ports/node-network.js';

/**
 * The agent's nftables table as it was last brought into the kernel. The kernel is not read: listing takes longer than changing, so
 * that a change costs what changed. When it refuses a change, or somebody damaged the table, all of it is loaded anew.
 */
export class AppliedTable {
  readonly #planner: TablePlanner;
  /** `undefined`: what the kernel has is not known. */
  #applied: Fragments | undefined;

  /** @param address of the node, as its peers know it */
  constructor(
    private readonly kernel: KernelNetwork,
    private readonly log: Log,
    address: string,
  ) {
    this.#planner = new TablePlanner(address);
  }

  /** Makes the table as the state says; there is none without networks. */
  async bring({ networks, services }: NetworkState): Promise<void> {
    if (networks.length === 0) return this.#clear();
    const wanted = this.#planner.fragments(networks, services);
    if (this.#applied && (await this.#change(this.#applied, wanted))) return;
    this.#applied = undefined;
    await this.kernel.applyRuleset(wholeTable(wanted));
    this.#applied = wanted;
  }

  /** Looks whether the table is still there; a later {@link bring} makes it anew when it is not. */
  async look(): Promise<void> {
    if (this.#applied && !(await this.kernel.hasRuleset())) {
      this.log.warn({}, 'somebody removed or emptied the nftables table of the agent: it is loaded anew');
      this.#applied = undefined;
    }
  }

  async remove(): Promise<void> {
    await this.kernel.applyRuleset(noTable());
    this.#applied = new Map();
  }

  async #clear(): Promise<void> {
    if (this.#applied?.size === 0) return;
    await this.remove();
  }

  /** Returns false when the kernel would not have it. */
  async #change(before: Fragments, wanted: Fragments): Promise<boolean> {
    if (before.size === 0) return false;
    const lines = fragmentChanges(before, wanted);
    try {
      if (lines.length > 0) await this.kernel.applyRuleset(`${lines.join('\n')}\n`);
    } catch (error) {
      this.log.warn({ error }, 'a change of the nftables table was refused: all of it is loaded anew');
      return false;
    }
    this.#applied = wanted;
    return true;
  }
}
