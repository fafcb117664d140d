import { type RestartPolicy, restartDecision, serviceRevisionId, type Task } from '@tessera/api';
import { endedRun } from '../../model/restarts.js';
import { sourceOf } from '../../model/spec-of.js';
import { endedByItself, isLive, isRunning, isToldToGo } from '../../model/task.js';
import type { ServiceDraft, Slot, TaskOrigin, TaskTemplateRef } from './draft.js';
import { isDirty, isDrained, isDueToGo, isMisplaced, isOutrun } from './misfit.js';
import { startsFirst } from './starts-first.js';
import { activeConfig } from './update/status.js';

/** What fails at its start has most likely failed by then. */
const TRUST_AFTER_MS = 1_000;

/** What holds for a service's slots while they are kept. */
export interface KeepRules {
  /** The update is paused or is a canary: tasks that it has not reached come back as they were. */
  frozen: boolean;
  /** Why first tasks may not be placed yet: dependencies. */
  hold: string | undefined;
  /** Whether empty slots may be filled: not on a node that takes no tasks. */
  refill: boolean;
}

/** Brings one slot to one task that runs or will run. */
export function keepSlot(draft: ServiceDraft, slot: Slot, rules: KeepRules): void {
  settleSurplus(draft, slot);
  if (slot.wanted.length === 0 && rules.refill) refill(draft, slot, rules);
  passHold(draft, slot, rules.hold);
  release(draft, slot);
}

/**
 * Starts the replacement of a slot's task by a new one, which starts first where it may. Returns false when the
 * restart policy lets no further attempt through.
 */
export function replaceSlot(draft: ServiceDraft, slot: Slot, rules: KeepRules): boolean {
  const { wanted } = slot;
  const keepsOld = wanted.some((task) => isRunning(task) && startsFirst(draft, task));
  const [former] = wanted;
  const origin = retryAfter(draft, slot, former);
  if (!origin) return false;
  if (keepsOld && slot.live.length > 1) return true;
  if (!keepsOld) for (const task of wanted) draft.want(slot, task, 'shutdown');
  draft.create(slot, templateFor(draft, slot, rules), origin);
  release(draft, slot);
  return true;
}

/**
 * When the next attempt to replace `former` may start: at once, but for attempts that failed while `former` ran on. A task that must leave its node
 * does so whatever the restart policy says: that one is for tasks that end, not for those that are sent away.
 */
function retryAfter(draft: ServiceDraft, slot: Slot, former: Task | undefined): TaskOrigin | undefined {
  const attempt = lastAttempt(draft, slot, former);
  if (!attempt) return {};
  const policy = draft.service.spec.template.restart;
  const mustGo = former !== undefined && isDrained(draft, former);
  return restartAfter(slot, attempt, mustGo ? { ...policy, condition: 'any', maxAttempts: 0 } : policy);
}

/** The last task that was to replace `former` and ended by itself meanwhile. */
export function lastAttempt(draft: ServiceDraft, slot: Slot, former: Task | undefined): Task | undefined {
  const since = former ? slot.tasks.indexOf(former) : slot.tasks.length;
  return slot.tasks.slice(since + 1).findLast((task) => !isDirty(draft, task) && endedByItself(task));
}

/** Of several wanted tasks keeps the best one, and beside it one that still runs until the new one can be trusted (start-first). */
function settleSurplus(draft: ServiceDraft, slot: Slot): void {
  const { wanted } = slot;
  if (wanted.length <= 1) return;
  const badness = (task: Task): number => 2 * urgencyToGo(draft, task) + (isRunning(task) ? 0 : 1);
  const [best, ...others] = wanted.sort((a, b) => badness(a) - badness(b));
  let paired = false;
  for (const other of others) {
    const pairs = !paired && startsFirst(draft, other) && isRunning(other) && urgencyToGo(draft, best!) < urgencyToGo(draft, other);
    if (pairs && !replaces(draft, best!, other)) paired = true;
    else draft.want(slot, other, 'shutdown');
  }
}

/**
 * Whether the old one may go: the new one runs, and is not of another template whose program may still fail at once. A health check tells that it does
 * not; without one it must have run for a while.
 */
function replaces(draft: ServiceDraft, fresh: Task, old: Task): boolean {
  if (!isRunning(fresh)) return false;
  if (fresh.status.health !== undefined || fresh.templateHash === old.templateHash) return true;
  // Since a manager heard of it: word of its end may be as long on the way as word of its start.
  const trustedAt = fresh.updatedAt + Math.min(TRUST_AFTER_MS, activeConfig(draft.service).monitorMs);
  draft.wakeAt(trustedAt);
  return trustedAt <= draft.now;
}

/** An old task that an update left as it is still takes the place of one that cannot stay. */
function urgencyToGo(draft: ServiceDraft, task: Task): number {
  if (isDrained(draft, task) || isMisplaced(draft, task)) return 2;
  return isDirty(draft, task) || isOutrun(draft, task) ? 1 : 0;
}

function refill(draft: ServiceDraft, slot: Slot, rules: KeepRules): void {
  const { newest: last } = slot;
  if (!last) draft.create(slot, draft.service, { hold: rules.hold });
  else if (endedByItself(last)) restart(draft, slot, last, rules);
  else if (last.status.state !== 'orphaned' || policyOf(draft, last).condition !== 'none')
    draft.create(slot, templateFor(draft, slot, rules), {});
}

function restart(draft: ServiceDraft, slot: Slot, last: Task, rules: KeepRules): void {
  // An ended task of an old template is the updater's, unless the update stands still.
  if (isDirty(draft, last) && !rules.frozen) return;
  const origin = restartAfter(slot, last, policyOf(draft, last));
  if (origin) draft.create(slot, templateFor(draft, slot, rules), origin);
}

function policyOf(draft: ServiceDraft, task: Task): RestartPolicy {
  return (sourceOf(draft.view, task)?.spec ?? draft.service.spec).template.restart;
}

/** How the successor of an ended task comes to be; `undefined` when the policy allows none. */
export function restartAfter(slot: Slot, last: Task, policy: RestartPolicy): TaskOrigin | undefined {
  const decision = restartDecision(endedRun(slot.tasks, last, policy));
  return decision.isRestarted ? { startAfter: decision.startAfter, restart: decision.restart } : undefined;
}

/** While an update stands still, a slot that it had not reached comes back as it was. */
function templateFor(draft: ServiceDraft, slot: Slot, rules: KeepRules): TaskTemplateRef {
  const former = slot.wanted.length > 0 ? slot.newest : lastToFall(slot);
  const returns =
    rules.frozen &&
    former !== undefined &&
    isDirty(draft, former) &&
    draft.view.get('revisions', serviceRevisionId(former.serviceId, former.specRevision)) !== undefined;
  return returns ? former : draft.service;
}

/**
 * Whose end has left an empty slot empty. It need not be the newest task: a new one may have ended before the old one, which ran on beside it. Those that
 * were stopped made way for others.
 */
function lastToFall({ tasks, newest }: Slot): Task | undefined {
  const fallen = tasks.filter((task) => !isLive(task) && task.status.state !== 'shutdown');
  return fallen.reduce<Task | undefined>((last, task) => (last && last.status.at > task.status.at ? last : task), undefined) ?? newest;
}

/** Lets tasks that were held back go to the scheduler, or says why they wait. */
function passHold(draft: ServiceDraft, slot: Slot, hold: string | undefined): void {
  for (const task of slot.wanted) {
    if (task.status.state !== 'new') continue;
    if (hold === undefined) draft.letGo(slot, task);
    else if (task.status.message !== hold) draft.setStatus(slot, task, { ...task.status, message: hold });
  }
}

/** Lets prepared tasks start: when their delay is over, and nothing else of the slot can run (but for a start-first pair). */
function release(draft: ServiceDraft, slot: Slot): void {
  for (const task of slot.wanted) {
    if (task.desired !== 'ready') continue;
    if (task.startAfter !== undefined && task.startAfter > draft.now) draft.wakeAt(task.startAfter);
    else if (!slot.live.some((other) => other.id !== task.id && !mayRunBeside(draft, other))) draft.want(slot, task, 'running');
  }
}

/** An old task that goes on running until its replacement does. */
function mayRunBeside(draft: ServiceDraft, other: Task): boolean {
  return startsFirst(draft, other) && !isToldToGo(other) && isRunning(other) && isDueToGo(draft, other);
}
