import { isDeepStrictEqual } from 'node:util';
import { NODE_SET_KINDS, type NodeSetItems, type NodeSetKind, type TaskAssignment } from '@tessera/api';
import { serviceEndpointsId } from '../projection/network-assignment.js';
import { fileIdsOf } from '../projection/task-assignment.js';
import type { NodeSetItem, Projector } from './projector.js';

export type Delta = { put: Record<NodeSetKind, NodeSetItem[]>; remove: Record<NodeSetKind, string[]> };

/**
 * What one agent was sent, and which of it may have changed since. Marks are ids, so that however long an agent does not
 * read, what waits for it is no larger than its set.
 */
export class NodeFeed {
  readonly #sent: Record<NodeSetKind, Map<string, NodeSetItem>> = {
    tasks: new Map(),
    ended: new Map(),
    networks: new Map(),
    services: new Map(),
    files: new Map(),
  };
  readonly #tasks = new Set<string>();
  readonly #networks = new Set<string>();
  readonly #services = new Map<string, { serviceId: string; networkId: string }>();
  readonly #files = new Set<string>();
  readonly #rejected = new Set<string>();
  #everything = false;

  constructor(
    readonly nodeId: string,
    private readonly projector: Projector,
    private readonly onDirty: (feed: NodeFeed) => void,
  ) {}

  markTask(id: string): void {
    this.#tasks.add(id);
    this.onDirty(this);
  }

  markNetwork(id: string): void {
    this.#networks.add(id);
    this.onDirty(this);
  }

  markService(serviceId: string, networkId: string): void {
    this.#services.set(serviceEndpointsId(serviceId, networkId), { serviceId, networkId });
    this.onDirty(this);
  }

  /** The content of a config or secret came or went. */
  markFile(id: string): void {
    this.#files.add(id);
    this.onDirty(this);
  }

  markEverything(): void {
    this.#everything = true;
    this.onDirty(this);
  }

  /** The agent started a task of its own that it must give up: it is told that the task is not desired. */
  reject(taskId: string): void {
    this.#rejected.add(taskId);
    this.onDirty(this);
  }

  /** The complete set for a new session. What was marked before is in it. */
  start(): NodeSetItems {
    const items = this.projector.node(this.nodeId);
    for (const kind of NODE_SET_KINDS) this.#sent[kind] = new Map((items[kind] as NodeSetItem[]).map((item) => [item.id, item]));
    this.#clear();
    return items;
  }

  /** What to send so that the agent has the projection of now; `undefined` when it has it already. */
  collect(): Delta | undefined {
    if (!this.#isMarked) return undefined;
    const delta: Delta = {
      put: { tasks: [], ended: [], networks: [], services: [], files: [] },
      remove: { tasks: [], ended: [], networks: [], services: [], files: [] },
    };
    if (this.#everything) this.#collectEverything(delta);
    else this.#collectMarked(delta);
    for (const id of this.#rejected) if (!this.#sent.tasks.has(id)) delta.remove.tasks.push(id);
    this.#clear();
    return NODE_SET_KINDS.some((kind) => delta.put[kind].length > 0 || delta.remove[kind].length > 0) ? delta : undefined;
  }

  /** Asked for all sessions several times a second. */
  get #isMarked(): boolean {
    const marks = this.#tasks.size + this.#networks.size + this.#services.size + this.#files.size + this.#rejected.size;
    return this.#everything || marks > 0;
  }

  #collectEverything(delta: Delta): void {
    const items = this.projector.node(this.nodeId);
    for (const kind of NODE_SET_KINDS) {
      const wanted = new Map((items[kind] as NodeSetItem[]).map((item) => [item.id, item]));
      for (const [id, item] of wanted) this.#settle(delta, kind, id, item);
      for (const id of [...this.#sent[kind].keys()]) if (!wanted.has(id)) this.#settle(delta, kind, id, undefined);
    }
  }

  #collectMarked(delta: Delta): void {
    const { projector, nodeId } = this;
    for (const id of this.#tasks) {
      this.#settle(delta, 'tasks', id, projector.task(nodeId, id));
      this.#settle(delta, 'ended', id, projector.ended(nodeId, id));
    }
    for (const id of this.#networks) this.#settle(delta, 'networks', id, projector.network(nodeId, id));
    for (const [id, { serviceId, networkId }] of this.#services)
      this.#settle(delta, 'services', id, projector.service(nodeId, serviceId, networkId));
    this.#collectFiles(delta, delta.put.tasks.length > 0 || delta.remove.tasks.length > 0);
  }

  /** Files come and go with the tasks that mount them. */
  #collectFiles(delta: Delta, tasksChanged: boolean): void {
    if (!tasksChanged && this.#files.size === 0) return;
    const needed = new Set([...this.#sent.tasks.values()].flatMap((task) => [...fileIdsOf(task as TaskAssignment)]));
    const marked = tasksChanged ? new Set([...this.#files, ...this.#sent.files.keys(), ...needed]) : this.#files;
    for (const id of marked) this.#settle(delta, 'files', id, needed.has(id) ? this.projector.file(id) : undefined);
  }

  /** Puts or removes one item when it is not what was sent last. */
  #settle(delta: Delta, kind: NodeSetKind, id: string, item: NodeSetItem | undefined): void {
    const sent = this.#sent[kind].get(id);
    if (item === sent || (item && sent && isDeepStrictEqual(item, sent))) return;
    if (item) {
      this.#sent[kind].set(id, item);
      delta.put[kind].push(item);
    } else {
      this.#sent[kind].delete(id);
      delta.remove[kind].push(id);
    }
  }

  #clear(): void {
    for (const marks of [this.#tasks, this.#networks, this.#services, this.#files, this.#rejected]) marks.clear();
    this.#everything = false;
  }
}
