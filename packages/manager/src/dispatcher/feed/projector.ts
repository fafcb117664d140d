import {
  type FileContent,
  type NodeSetItems,
  type NodeSetKind,
  networkBlockId,
  type ServiceEndpoints,
  type TaskAssignment,
} from '@tessera/api';
import type { ClusterView } from '../../model/view.js';
import { httpFile } from '../../plan/http/file.js';
import { HOLD_MS, type LeaveGate } from '../leaving/leave-gate.js';
import { projectNetwork, projectService, serviceEndpointsId } from '../projection/network-assignment.js';
import { projectNode, slotIndexOf } from '../projection/node-set.js';
import type { SlotIndex } from '../projection/slot-index.js';
import { projectEnded, projectFile, projectTask } from '../projection/task-assignment.js';

export type NodeSetItem = NodeSetItems[NodeSetKind][number];

/** The projection over the current view. Endpoints of a service are worked out once for all nodes that want them. */
export class Projector {
  readonly slots: SlotIndex;
  readonly #services = new Map<string, ServiceEndpoints>();
  #http: FileContent | undefined;
  /** The configuration of the HTTP proxies. */
  readonly #httpFile = (): FileContent => (this.#http ??= httpFile(this.view));

  constructor(
    readonly view: ClusterView,
    private readonly leaving: Pick<LeaveGate, 'isHeld'> = { isHeld: () => false },
  ) {
    this.slots = slotIndexOf(view);
  }

  node(nodeId: string): NodeSetItems {
    const items = projectNode(this.view, this.slots, nodeId, this.#httpFile);
    // The shared object makes comparison and encoding cheap; its content is the same.
    const tasks = items.tasks.map((task) => this.#held(task));
    return { ...items, tasks, services: items.services.map((item) => this.#service(item.serviceId, item.networkId) ?? item) };
  }

  task(nodeId: string, taskId: string): NodeSetItem | undefined {
    const task = projectTask(this.view, this.slots, nodeId, this.view.get('tasks', taskId), this.#httpFile);
    return task && this.#held(task);
  }

  ended(nodeId: string, taskId: string): NodeSetItem | undefined {
    return projectEnded(this.slots, nodeId, this.view.get('tasks', taskId));
  }

  network(nodeId: string, networkId: string): NodeSetItem | undefined {
    return projectNetwork(this.view, nodeId, networkId);
  }

  service(nodeId: string, serviceId: string, networkId: string): NodeSetItem | undefined {
    if (!this.view.get('blocks', networkBlockId(networkId, nodeId))) return undefined;
    return this.#service(serviceId, networkId);
  }

  file(fileId: string): NodeSetItem | undefined {
    return projectFile(this.view, fileId, this.#httpFile);
  }

  /** Says that the endpoints of the service on the network may have changed. */
  forget(serviceId: string, networkId: string): void {
    this.#services.delete(serviceEndpointsId(serviceId, networkId));
  }

  /** Says that routes of HTTP may have changed. */
  forgetHttp(): void {
    this.#http = undefined;
  }

  #held(task: TaskAssignment): TaskAssignment {
    return this.leaving.isHeld(task.id) ? { ...task, holdMs: HOLD_MS } : task;
  }

  #service(serviceId: string, networkId: string): ServiceEndpoints | undefined {
    const id = serviceEndpointsId(serviceId, networkId);
    const known = this.#services.get(id);
    if (known) return known;
    const item = projectService(this.view, this.slots, serviceId, networkId);
    if (item) this.#services.set(id, item);
    return item;
  }
}
