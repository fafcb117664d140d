import type { Log } from '@tessera/kit';
import { FAMILIES } from '../plan/network/family.js';
import type { Fragments } from '../plan/network/table/fragment.js';
import { tableChanges } from '../plan/network/table/skeleton.js';
import { TablePlanner } from '../plan/network/table/table-planner.js';
import type { KernelNetwork } from '../ports/kernel.js';
import type { NetworkState } from '../ports/node-network.js';

/** The table of one family: what it should hold, and what was last brought into the kernel. */
interface Table {
  planner: TablePlanner;
  /** `undefined`: what the kernel has is not known. */
  applied: Fragments | undefined;
}

/**
 * The agent's nftables tables as they were last brought into the kernel. The kernel is not read: listing takes longer than changing, so
 * that a change costs what changed. When it refuses a change, or somebody damaged a table, all of it is loaded anew.
 */
export class AppliedTables {
  readonly #tables: readonly Table[];

  /** @param address of the node, as its peers know it */
  constructor(
    private readonly kernel: KernelNetwork,
    private readonly log: Log,
    address: string,
  ) {
    this.#tables = FAMILIES.map((family) => ({ planner: new TablePlanner(family, address), applied: undefined }));
  }

  /** Makes the tables as the state says; there is none for a family that no network has. */
  async bring({ networks, services }: NetworkState): Promise<void> {
    const wanted = this.#tables.map(({ planner }) => planner.fragments(networks, services));
    try {
      await this.#change(wanted);
    } catch (error) {
      if (!this.#tables.some(({ applied }) => applied && applied.size > 0)) throw error;
      this.log.warn({ error }, 'a change of the nftables tables was refused: all of it is loaded anew');
      this.#forget();
      await this.#change(wanted);
    }
  }

  /** Looks whether the tables are still there; a later {@link bring} makes anew what is not. */
  async look(): Promise<void> {
    for (const table of this.#tables) {
      if (!table.applied || table.applied.size === 0 || (await this.kernel.hasRuleset(table.planner.family))) continue;
      this.log.warn({}, 'somebody removed or emptied an nftables table of the agent: it is loaded anew');
      table.applied = undefined;
    }
  }

  async remove(): Promise<void> {
    this.#forget();
    await this.#change(this.#tables.map(() => new Map()));
  }

  #forget(): void {
    for (const table of this.#tables) table.applied = undefined;
  }

  /** One transaction for all. */
  async #change(wanted: readonly Fragments[]): Promise<void> {
    const lines = this.#tables.flatMap(({ planner, applied }, at) => tableChanges(planner.family, applied, wanted[at] as Fragments));
    if (lines.length > 0) await this.kernel.applyRuleset(lines.join('\n').concat('\n'));
    this.#tables.forEach((table, at) => {
      table.applied = wanted[at];
    });
  }
}
