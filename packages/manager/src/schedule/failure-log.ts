import type { Task } from '@tessera/api';

/** Swarm's rule: a node where a service failed so often within so long comes last. */
export const FAILURES_TO_AVOID = 5;
export const FAILURE_WINDOW_MS = 5 * 60_000;

/** The last few failures of each service on each node: enough to tell whether there were too many lately. */
export class FailureLog {
  readonly #times = new Map<string, Map<string, Map<string, number>>>();

  /** Notes a task that failed or was rejected. The same task again changes nothing. */
  note(task: Task): void {
    if ((task.status.state !== 'failed' && task.status.state !== 'rejected') || !task.nodeId) return;
    let nodes = this.#times.get(task.serviceId);
    if (!nodes) this.#times.set(task.serviceId, (nodes = new Map()));
    let times = nodes.get(task.nodeId);
    if (!times) nodes.set(task.nodeId, (times = new Map()));
    times.set(task.id, task.status.at);
    if (times.size > FAILURES_TO_AVOID) times.delete(oldest(times));
  }

  isFailing(serviceId: string, nodeId: string, now: number): boolean {
    const times = this.#times.get(serviceId)?.get(nodeId);
    if (!times || times.size < FAILURES_TO_AVOID) return false;
    return [...times.values()].every((at) => at > now - FAILURE_WINDOW_MS);
  }

  forgetService(serviceId: string): void {
    this.#times.delete(serviceId);
  }

  forgetNode(nodeId: string): void {
    for (const nodes of this.#times.values()) nodes.delete(nodeId);
  }
}

function oldest(times: ReadonlyMap<string, number>): string {
  let found = '';
  let at = Number.POSITIVE_INFINITY;
  for (const [id, time] of times) if (time < at) [found, at] = [id, time];
  return found;
}
