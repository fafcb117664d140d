import type { Task } from '@tessera/api';

/** Swarm's rule: a node where a service failed so often within so long comes last. One rejection within as long is enough, too. */
export const FAILURES_TO_AVOID = 5;
export const FAILURE_WINDOW_MS = 5 * 60_000;

/** What went wrong of one service on one node. */
interface NodeFailures {
  /** The last few failures by task id: enough to tell whether there were too many lately. */
  times: Map<string, number>;
  /** The newest rejection: the node lacks something that the template needs, such as its image, and another may have it. */
  rejection?: { templateHash: string; at: number };
}

/** The last failures of each service on each node. */
export class FailureLog {
  readonly #services = new Map<string, Map<string, NodeFailures>>();

  /** Notes a task that failed or was rejected. The same task again changes nothing. */
  note(task: Task): void {
    if ((task.status.state !== 'failed' && task.status.state !== 'rejected') || !task.nodeId) return;
    let nodes = this.#services.get(task.serviceId);
    if (!nodes) this.#services.set(task.serviceId, (nodes = new Map()));
    let failures = nodes.get(task.nodeId);
    if (!failures) nodes.set(task.nodeId, (failures = { times: new Map() }));
    const { at, state } = task.status;
    failures.times.set(task.id, at);
    if (failures.times.size > FAILURES_TO_AVOID) failures.times.delete(oldest(failures.times));
    if (state === 'rejected' && at >= (failures.rejection?.at ?? 0)) failures.rejection = { templateHash: task.templateHash, at };
  }

  /** Whether anything of the service failed on any node. */
  knows(serviceId: string): boolean {
    return this.#services.has(serviceId);
  }

  /** Whether the node comes last for tasks of the template: it rejected one lately, or the service failed there too often. */
  isFailing(serviceId: string, templateHash: string, nodeId: string, now: number): boolean {
    const failures = this.#services.get(serviceId)?.get(nodeId);
    if (!failures) return false;
    const { times, rejection } = failures;
    const isRecent = (at: number): boolean => at > now - FAILURE_WINDOW_MS;
    if (rejection?.templateHash === templateHash && isRecent(rejection.at)) return true;
    return times.size >= FAILURES_TO_AVOID && [...times.values()].every(isRecent);
  }

  forgetService(serviceId: string): void {
    this.#services.delete(serviceId);
  }

  forgetNode(nodeId: string): void {
    for (const nodes of this.#services.values()) nodes.delete(nodeId);
  }
}

function oldest(times: ReadonlyMap<string, number>): string {
  let found = '';
  let at = Number.POSITIVE_INFINITY;
  for (const [id, time] of times) if (time < at) [found, at] = [id, time];
  return found;
}
