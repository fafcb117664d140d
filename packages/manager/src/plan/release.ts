import type { Release, ReleaseOutcome, ServiceProgress, Stack } from '@tessera/api';
import type { ClusterView } from '../model/view.js';
import type { Change, Plan } from './plan.js';
import { serviceProgress } from './progress.js';

/** Releases kept of a stack, besides the one that would be gone back to. */
export const RELEASES_KEPT = 20;
/** A stack that rolls out is looked at after this, and less often the longer it takes: its tasks may be many. */
const SHORTEST_LOOK_MS = 500;
const LOOKS_PER_AGE = 20;

export interface ReleasePlan extends Plan {
  /** An atomic release has failed: this one is to be made current again. */
  restore?: { failed: Release; to: Release; why: string };
}

/**
 * What to do about the releases of a stack: says what came of them, and forgets old ones. Empty on its own result.
 * @param stackId also of a stack that is gone: its releases go too
 */
export function planReleases(view: ClusterView, stackId: string, now: number): ReleasePlan {
  const releases = [...view.releasesOfStack(stackId)].sort((a, b) => b.number - a.number);
  const stack = view.get('stacks', stackId);
  if (!stack) return { changes: releases.map(forget) };
  const current = releases.find((release) => release.number === stack.release);
  const older = releases.filter((release) => release !== current);
  const changes: Change[] = older.filter((release) => release.outcome.state === 'rolling-out').map((release) => supersede(release, now));
  const kept = new Set([...older.slice(0, RELEASES_KEPT - 1), lastCompleted(older)]);
  changes.push(...older.filter((release) => !kept.has(release) && release.outcome.state !== 'rolling-out').map(forget));
  if (!current) return { changes };
  const judged = judge(view, stack, current, now);
  return { ...judged, changes: [...changes, ...judged.changes] };
}

/** The newest release before the current one that all ran of. */
export function formerRelease(view: ClusterView, stack: Stack): Release | undefined {
  const older = [...view.releasesOfStack(stack.id)].filter((release) => release.number < (stack.release ?? 0));
  return lastCompleted(older.sort((a, b) => b.number - a.number));
}

function lastCompleted(newestFirst: readonly Release[]): Release | undefined {
  return newestFirst.find((release) => release.outcome.state === 'completed');
}

/** Says of the current release that it is done, or that it failed, which later may turn out to be wrong again. */
function judge(view: ClusterView, stack: Stack, release: Release, now: number): ReleasePlan {
  const { state, at } = release.outcome;
  if (state !== 'rolling-out' && state !== 'failed') return { changes: [] };
  const progress = [...view.servicesOfStack(stack.name)].map((service) => serviceProgress(view, service, now));
  const failed = progress.find(isFailed);
  if (failed && state === 'rolling-out') return fail(view, stack, release, `${failed.name}: ${failed.failed}`, now);
  if (!failed && progress.every((service) => service.converged))
    return { changes: [put(release, { state: 'completed', message: 'all services run', at: now })] };
  return state === 'failed' ? { changes: [] } : { changes: [], againInMs: Math.max(SHORTEST_LOOK_MS, (now - at) / LOOKS_PER_AGE) };
}

/** What the user has paused is no failure: it may go on. */
function isFailed({ failed, update }: ServiceProgress): boolean {
  return failed !== undefined && !(update?.cause === 'user' && update.state.endsWith('paused'));
}

function fail(view: ClusterView, stack: Stack, release: Release, why: string, now: number): ReleasePlan {
  const to = release.atomic ? formerRelease(view, stack) : undefined;
  if (to) return { changes: [], restore: { failed: release, to, why } };
  const nothing = release.atomic ? '; there is no former release to go back to' : '';
  return { changes: [put(release, { state: 'failed', message: `${why}${nothing}`, at: now })] };
}

/** The outcome of a release whose stack goes back. */
export function rolledBack(release: Release, to: Release, by: number, why: string, now: number): Release {
  return {
    ...release,
    outcome: { state: 'rolled-back', message: `${why}; release ${to.number} is current again, as release ${by}`, at: now },
  };
}

function supersede(release: Release, now: number): Change {
  return put(release, { state: 'superseded', message: `release ${release.number + 1} came before it was done`, at: now });
}

function put(release: Release, outcome: ReleaseOutcome): Change {
  return { type: 'put', kind: 'releases', object: { ...release, outcome }, expect: { revision: release.revision } };
}

function forget({ id, revision }: Release): Change {
  return { type: 'delete', kind: 'releases', id, expect: { revision } };
}
