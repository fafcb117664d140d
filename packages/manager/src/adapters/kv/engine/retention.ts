/** History kept by the stores that compact themselves: enough for any watch that is resumed within minutes. */
const KEPT_REVISIONS = 10_000;
/** Revisions that gather before they are forgotten together, so that compaction costs little for each. */
const COMPACT_EVERY_REVISIONS = 1_000;

/**
 * The rule of automatic compaction: the newest 10,000 revisions are kept, and each time 1,000 more have gathered,
 * those are forgotten.
 * @returns the revision to compact at, or `undefined` when nothing is due.
 */
export function dueCompaction(revision: number, compactedRevision: number): number | undefined {
  const oldestKept = revision - KEPT_REVISIONS;
  return oldestKept - compactedRevision >= COMPACT_EVERY_REVISIONS ? oldestKept : undefined;
}
