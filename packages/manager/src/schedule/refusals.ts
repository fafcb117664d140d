import type { Task } from '@tessera/api';
import type { Checks } from './checks.js';
import { type Decision, refuse } from './decision.js';
import { sentence } from './explain.js';
import type { NodeTable } from './node-table.js';
import type { PendingGroup, Told } from './pending-group.js';

/** Numbers in a message change with every task that comes or goes anywhere: this is how often they are written at most. */
const REWRITE_MS = 1_000;
/** A group's messages are rewritten at a rate of a thousand a second at most… */
const REWRITE_MS_PER_TASK = 1;
/** …and explaining, which looks at all nodes, takes a few percent of the time however many groups wait. */
const REWRITE_MS_PER_GROUP = 10;

const MOST_REWRITES = 20;
const MORE_REWRITES_MS = MOST_REWRITES * REWRITE_MS_PER_GROUP;

/** Tells waiting tasks why they wait: new ones at once, the others now and then when it has changed. */
export class Refusals {
  readonly decisions: Decision[] = [];
  /** Milliseconds until a message that is out of date may be rewritten. */
  againInMs: number | undefined;
  #rewrites = 0;

  constructor(
    private readonly table: NodeTable,
    private readonly now: number,
    /** Number of groups that wait. */
    private readonly groups: number,
  ) {}

  /** @param fresh tasks of the group that were told nothing yet */
  tell(group: PendingGroup, fresh: readonly Task[]): void {
    const waitMs = group.told ? this.#untilRewriteMs(group.told, group.size) : 0;
    if (waitMs === 0) {
      group.told = { at: this.now, version: this.table.changes.version };
      for (const task of group.tasks()) this.#refuse(group, group.told, task);
    } else {
      for (const task of fresh) this.#refuse(group, group.told!, task);
      if (waitMs !== undefined) this.againInMs = Math.min(this.againInMs ?? waitMs, waitMs);
    }
  }

  /** 0: now. Nothing: what was told still holds. */
  #untilRewriteMs({ at, version }: Told, tasks: number): number | undefined {
    if (version === this.table.changes.version) return undefined;
    const gapMs = Math.max(REWRITE_MS, tasks * REWRITE_MS_PER_TASK, this.groups * REWRITE_MS_PER_GROUP);
    const waitMs = Math.max(0, at + gapMs - this.now);
    return waitMs === 0 && ++this.#rewrites > MOST_REWRITES ? MORE_REWRITES_MS : waitMs;
  }

  #refuse(group: PendingGroup, told: Told, task: Task): void {
    const { prepared } = group;
    const decision = refuse(task, prepared ? this.#reason(group, prepared.checks, told, task) : 'its service revision is gone');
    if (decision) this.decisions.push(decision);
  }

  #reason(group: PendingGroup, checks: Checks, told: Told, task: Task): string {
    const home = task.nodeId === undefined ? group.prepared?.group.homeOf?.(task, this.table) : undefined;
    if (home) return `${home.reason}: ${this.#ofNode(checks, home.nodeId)}`;
    if (task.nodeId === undefined) return (told.text ??= this.#sentence(group, checks));
    return this.#ofNode(checks, task.nodeId);
  }

  #ofNode(checks: Checks, nodeId: string): string {
    const index = this.table.indexOf(nodeId);
    return index === undefined ? 'its node was removed' : checks.explainNode(index);
  }

  #sentence(group: PendingGroup, checks: Checks): string {
    const kept = this.table.kept.nodesOf(group).size;
    const making = kept === 0 ? '' : `; tasks of lower priority make room on ${kept} ${kept === 1 ? 'node' : 'nodes'}`;
    return `${sentence(0, checks.refusals())}${making}`;
  }
}
