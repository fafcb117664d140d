import type { NetworkAssignment } from '@tessera/api';
import type { Log } from '@tessera/kit';
import type { ServiceChange } from '../model/service-change.js';
import { FAMILIES } from '../plan/network/family.js';
import type { FragmentChanges } from '../plan/network/table/fragment.js';
import { noTable, tableLines } from '../plan/network/table/skeleton.js';
import { TablePlanner } from '../plan/network/table/table-planner.js';
import type { KernelNetwork } from '../ports/kernel.js';

/** The table of one family: what it should hold. */
interface Table {
  planner: TablePlanner;
  /** The kernel has what was planned last. */
  isApplied: boolean;
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
    this.#tables = FAMILIES.map((family) => ({ planner: new TablePlanner(family, address), isApplied: false }));
  }

  /** Makes the tables as they must be with these changes; there is none for a family that no network has. */
  async bring(networks: readonly NetworkAssignment[], services: readonly ServiceChange[]): Promise<void> {
    const changes = this.#tables.map(({ planner }) => planner.change(networks, services));
    const hasKnown = this.#tables.some(({ isApplied }) => isApplied);
    try {
      await this.#load(changes);
    } catch (error) {
      if (!hasKnown) throw error;
      this.log.warn({ error }, 'a change of the nftables tables was refused: all of it is loaded anew');
      await this.#load();
    }
  }

  /** Looks whether the tables are still there; a later {@link bring} makes anew what is not. */
  async look(): Promise<void> {
    for (const table of this.#tables) {
      const { planner, isApplied } = table;
      if (!isApplied || planner.fragments.size === 0 || (await this.kernel.hasRuleset(planner.family))) continue;
      this.log.warn({}, 'somebody removed or emptied an nftables table of the agent: it is loaded anew');
      table.isApplied = false;
    }
  }

  async remove(): Promise<void> {
    this.#setApplied(false);
    await this.#run(this.#tables.flatMap(({ planner }) => noTable(planner.family)));
  }

  /**
   * One transaction for all. Until it is done, what the kernel has is not known.
   * @param changes of each table since what was applied last
   */
  async #load(changes: readonly FragmentChanges[] = []): Promise<void> {
    const lines = this.#tables.flatMap(({ planner, isApplied }, at) =>
      tableLines(planner.family, planner.fragments, isApplied ? changes[at] : undefined),
    );
    this.#setApplied(false);
    await this.#run(lines);
    this.#setApplied(true);
  }

  #setApplied(isApplied: boolean): void {
    for (const table of this.#tables) table.isApplied = isApplied;
  }

  async #run(lines: readonly string[]): Promise<void> {
    if (lines.length > 0) await this.kernel.applyRuleset(lines.join('\n').concat('\n'));
  }
}
