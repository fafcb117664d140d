import type { ClusterView } from '../model/view.js';
import type { Change, Plan } from './plan.js';

/** A deploy writes contents before what names them: for so long nobody needs to. */
const GRACE_MS = 10 * 60_000;

/** Forgets contents of configs and secrets that nothing names any more: no config or secret, and no spec that may run or come back. */
export function planContents(view: ClusterView, now: number): Plan {
  const changes: Change[] = [];
  let againInMs = Number.POSITIVE_INFINITY;
  for (const { id, revision, updatedAt } of view.all('contents')) {
    if (isContentNamed(view, id)) continue;
    const leftMs = updatedAt + GRACE_MS - now;
    if (leftMs > 0) againInMs = Math.min(againInMs, leftMs);
    else changes.push({ type: 'delete', kind: 'contents', id, expect: { revision } });
  }
  return Number.isFinite(againInMs) ? { changes, againInMs } : { changes };
}

/** Whether it must stay: something names it. */
export function isContentNamed(view: ClusterView, id: string): boolean {
  for (const _user of view.usersOfContent(id)) return true;
  return false;
}
