import { compareStates, type Finding, isFencedTemplate, isJob, restartDecision, type Service, type Task } from '@tessera/api';
import { formatDuration } from '@tessera/api/spec/duration';
import { endedRun } from '../../model/restarts.js';
import { sourceOf } from '../../model/spec-of.js';
import { endedByItself, isLive, isOnMove, isRunning, isToldToGo } from '../../model/task.js';
import { fitsPlacement } from '../../schedule/fit.js';
import { mustLeave } from '../../schedule/taints.js';
import { deadlineOf, waitsSince } from '../service/update/failures.js';
import type { Asking } from './asking.js';
import { finding, taskName } from './finding.js';
import { explainPending, roomMade } from './placement.js';

/** Why a task is not running, or not where it should be; `undefined` when it runs as asked. */
export function explainTaskState(asking: Asking, task: Task): Finding | undefined {
  if (!isLive(task)) return explainEnd(asking, task);
  if (isToldToGo(task)) return explainStop(asking, task);
  const found = compareStates(task.status.state, 'assigned') < 0 ? explainWaiting(asking, task) : explainOnNode(asking, task);
  return found && withDeadline(asking, task, found);
}

function explainWaiting(asking: Asking, task: Task): Finding {
  const { view } = asking;
  if (task.status.state !== 'new') return explainPending(asking, task);
  const [dependency] = view.get('services', task.serviceId)?.spec.dependsOn ?? [];
  return finding('dependency', 'waiting', taskName(task), {
    text: task.status.message,
    cure: dependency && `see what that one waits for: tsctl why ${dependency.service}`,
  });
}

function explainOnNode(asking: Asking, task: Task): Finding | undefined {
  const { status, desired } = task;
  const name = taskName(task);
  const away = explainAway(asking, task);
  if (away) return away;
  if (isRunning(task)) return explainPlace(asking, task);
  if (desired === 'ready') return explainReady(asking, task);
  if (status.state === 'running' || status.health !== undefined)
    return finding('health', status.health === 'unhealthy' ? 'problem' : 'waiting', name, {
      text: `${status.state}, its health check says ${status.health ?? 'nothing yet'}: ${status.message}`,
      cure: status.health === 'unhealthy' ? `see what it prints: tsctl logs ${name}` : undefined,
    });
  return finding('preparing', 'waiting', name, {
    text: `${status.state} on ${nodeName(asking, task)} for ${formatDuration(asking.now - status.at)}: ${status.message}`,
  });
}

/** Its node is not heard of: nobody knows what it does. */
function explainAway({ view }: Asking, task: Task): Finding | undefined {
  const node = view.get('nodes', task.nodeId ?? '');
  if (node?.status.state !== 'down') return undefined;
  const template = sourceOf(view, task)?.spec.template;
  const isFenced = template !== undefined && isFencedTemplate(template);
  return finding(isFenced ? 'fenced' : 'node-down', 'waiting', taskName(task), {
    text: isFenced ? task.status.message : `its node ${node.name} is down: ${node.status.message}`,
    details: isFenced ? ['two of its tasks must never run, so that it is replaced only when the node has surely stopped it'] : [],
    cure: isFenced ? `if the host is surely off: tsctl node rm --force ${node.name}` : undefined,
  });
}

function explainReady(asking: Asking, task: Task): Finding {
  const { now, view } = asking;
  const name = taskName(task);
  const last = task.restart;
  if (task.startAfter !== undefined && task.startAfter > now)
    return finding('back-off', 'waiting', name, {
      text: `restarts in ${formatDuration(task.startAfter - now)}${last ? `, the ${ordinal(last.attempt)} time in a row` : ''}`,
      details: last ? [`the last one ended so: ${last.reason}`] : [],
      cure: `see what it printed: tsctl logs ${name}`,
    });
  const former = asking.mates(task).find((other) => other.id !== task.id && isLive(other));
  if (!former) return finding('preparing', 'waiting', name, { text: `${task.status.state}: ${task.status.message}` });
  return finding('predecessor', 'waiting', name, {
    text: `starts when the task before it has ended, which is ${former.status.state} on ${view.get('nodes', former.nodeId ?? '')?.name ?? 'no node'}`,
  });
}

/** It runs: is it where it should be? */
function explainPlace(asking: Asking, task: Task): Finding | undefined {
  const { view } = asking;
  const node = view.get('nodes', task.nodeId ?? '');
  const placement = sourceOf(view, task)?.spec.placement;
  if (!node || !placement) return undefined;
  const name = taskName(task);
  if (isOnMove(task)) return leaving(asking, task, 'moving', `${task.move!.reason}: it stops when its successor runs`);
  const cause = node.spec.availability === 'drain' ? 'is drained' : 'has a taint that it does not tolerate';
  if (mustLeave(node, placement))
    return leaving(asking, task, 'drained', `runs on ${node.name}, which ${cause}, until its successor runs elsewhere`);
  if (fitsPlacement(placement, node)) return explainGivenUp(task);
  return finding('misplaced', 'waiting', name, {
    text: `runs on ${node.name}, which does not fulfil its constraints any more; it moves within the budget of updates`,
  });
}

function explainGivenUp(task: Task): Finding | undefined {
  if (task.move?.givenUp === undefined) return undefined;
  return finding('moving', 'note', taskName(task), {
    text: `${task.move.reason}: given up, and it stays, since ${task.move.givenUp}`,
    cure: `when that is mended: tsctl rebalance ${task.serviceName}`,
  });
}

/** It is to go when its successor runs: if that one finds no place, here is why. */
function leaving(asking: Asking, task: Task, code: Finding['code'], text: string): Finding {
  const successor = asking.mates(task).find((mate) => mate.status.state === 'pending' && !isToldToGo(mate));
  const obstacle = successor && explainPending(asking, successor);
  const level = obstacle?.level ?? 'waiting';
  const details = obstacle ? [`its successor waits: ${obstacle.text}`, ...obstacle.details] : [];
  return finding(code, level, taskName(task), { text, details, cure: obstacle?.cure });
}

function explainStop(asking: Asking, task: Task): Finding {
  return finding('stopping', 'waiting', taskName(task), {
    text: `is told to stop, and is ${task.status.state} on ${nodeName(asking, task)}`,
    details: [...roomMade(task), `it has ${formatDuration(graceOf(asking, task))} from the stop signal to the kill`],
  });
}

function explainEnd(asking: Asking, task: Task): Finding | undefined {
  const { status } = task;
  const name = taskName(task);
  const reason = status.error ?? status.message;
  if (status.state === 'orphaned') return finding('lost', 'note', name, { text: `was lost: ${reason}` });
  if (isToldToGo(task)) return undefined;
  const service = asking.view.get('services', task.serviceId);
  const newer = asking.mates(task).at(-1);
  if (newer && newer.id !== task.id)
    return finding('restarting', 'note', name, { text: `ended (${status.state}): ${reason}; task ${newer.id} took its place` });
  if (status.state === 'complete' && service && (isJob(service.spec.mode) || service.spec.template.restart.condition !== 'any'))
    return undefined;
  return explainNoRestart(asking, task, service, reason);
}

function explainNoRestart(asking: Asking, task: Task, service: Service | undefined, reason: string): Finding {
  const name = taskName(task);
  const policy = (sourceOf(asking.view, task)?.spec ?? service?.spec)?.template.restart;
  const decision = policy && restartDecision(endedRun(asking.mates(task), task, policy));
  if (decision?.isRestarted)
    return finding('restarting', 'waiting', name, { text: `ended (${task.status.state}): ${reason}; its successor is about to be made` });
  return finding('no-restart', 'problem', name, {
    text: `ended (${task.status.state}) and is not restarted: ${decision?.reason ?? 'its service is gone'}`,
    details: [`it ended so: ${reason}`],
    cure: `mend it and deploy again, or allow more: deploy.restart_policy; see tsctl logs ${name}`,
  });
}

/** When waiting counts as failure. */
function withDeadline(asking: Asking, task: Task, found: Finding): Finding {
  const { view, now } = asking;
  const service = view.get('services', task.serviceId);
  const limitMs = service && !isJob(service.spec.mode) ? deadlineOf(service.spec) : 0;
  if (!service || limitMs === 0 || found.level === 'note' || isRunning(task)) return found;
  const same = asking.mates(task).filter((other) => other.templateHash === task.templateHash);
  const since = waitsSince(same, service, service.spec.update.monitorMs);
  if (since === undefined) return found;
  const leftMs = since + limitMs - now;
  const words = leftMs > 0 ? `counts as failed in ${formatDuration(leftMs)}` : `counts as failed since ${formatDuration(-leftMs)}`;
  return { ...found, details: [...found.details, `${words} (x-progress-deadline ${formatDuration(limitMs)})`] };
}

/** Whether a task that has ended by itself is the last word of its slot. */
export function isLastWord(asking: Asking, task: Task): boolean {
  return endedByItself(task) && asking.mates(task).at(-1)?.id === task.id;
}

function nodeName({ view }: Asking, task: Task): string {
  return view.get('nodes', task.nodeId ?? '')?.name ?? 'a node that is gone';
}

function graceOf({ view }: Asking, task: Task): number {
  return sourceOf(view, task)?.spec.template.container.stopGraceMs ?? 0;
}

function ordinal(number: number): string {
  const suffix = ['th', 'st', 'nd', 'rd'][number % 100 >= 11 && number % 100 <= 13 ? 0 : number % 10] ?? 'th';
  return `${number}${suffix}`;
}
