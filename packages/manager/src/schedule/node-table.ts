import type { Node, Task } from '@tessera/api';
import { sourceOf } from '../model/spec-of.js';
import type { ClusterView } from '../model/view.js';
import { type Claim, claimOf, countsAsReplica, type HostPort, holdsClaim, portsClash } from './claim.js';
import { FailureLog } from './failure-log.js';

const FIRST_CAPACITY = 64;

/**
 * What every node has left, in flat typed arrays indexed by a small number per node. Kept current change by change:
 * nothing here grows with the number of tasks that a change did not touch.
 */
export class NodeTable {
  readonly failures = new FailureLog();
  /** Billionths of a core that no task has claimed; may fall below 0 when a node shrinks. */
  freeCpus = new Float64Array(FIRST_CAPACITY);
  /** Bytes that no task has claimed. */
  freeMemory = new Float64Array(FIRST_CAPACITY);
  /** Replicas of any service. */
  taskCounts = new Int32Array(FIRST_CAPACITY);
  readonly #nodes: Array<Node | undefined> = [];
  readonly #indices = new Map<string, number>();
  readonly #vacant: number[] = [];
  readonly #serviceCounts = new Map<string, Map<number, number>>();
  readonly #generic: Array<Map<string, number>> = [];
  readonly #hostPorts: HostPort[][] = [];
  readonly #claims = new Map<string, { index: number; claim: Claim }>();

  static of(view: ClusterView): NodeTable {
    const table = new NodeTable();
    for (const node of view.all('nodes')) table.putNode(node);
    for (const task of view.all('tasks')) table.putTask(view, task);
    return table;
  }

  /** One above the highest index in use. */
  get size(): number {
    return this.#nodes.length;
  }

  node(index: number): Node | undefined {
    return this.#nodes[index];
  }

  indexOf(nodeId: string): number | undefined {
    return this.#indices.get(nodeId);
  }

  /** Replicas of a service by node index; nodes without one are left out. */
  countsOf(serviceId: string): ReadonlyMap<number, number> {
    return this.#serviceCounts.get(serviceId) ?? new Map();
  }

  genericFree(index: number, kind: string): number {
    const total = this.#nodes[index]?.description?.resources.generic.find((resource) => resource.kind === kind)?.count ?? 0;
    return total - (this.#generic[index]?.get(kind) ?? 0);
  }

  isPortFree(index: number, port: HostPort): boolean {
    return !this.#hostPorts[index]!.some((taken) => portsClash(taken, port));
  }

  putNode(node: Node): void {
    const index = this.#indices.get(node.id) ?? this.#takeIndex(node.id);
    const before = this.#nodes[index]?.description?.resources;
    const after = node.description?.resources;
    this.freeCpus[index]! += (after?.nanoCpus ?? 0) - (before?.nanoCpus ?? 0);
    this.freeMemory[index]! += (after?.memoryBytes ?? 0) - (before?.memoryBytes ?? 0);
    this.#nodes[index] = node;
  }

  deleteNode(nodeId: string): void {
    const index = this.#indices.get(nodeId);
    if (index === undefined) return;
    for (const [taskId, held] of this.#claims) if (held.index === index) this.release(taskId);
    this.#indices.delete(nodeId);
    this.#nodes[index] = undefined;
    this.failures.forgetNode(nodeId);
    this.#vacant.push(index);
  }

  /** Takes over what the view says of a task: its claim, or that it has none, and its failure. */
  putTask(view: ClusterView, task: Task): void {
    this.failures.note(task);
    this.release(task.id);
    const index = holdsClaim(task) ? this.#indices.get(task.nodeId!) : undefined;
    const source = index === undefined ? undefined : sourceOf(view, task);
    if (index !== undefined && source) this.claim(task.id, index, { ...claimOf(task.serviceId, source), counts: countsAsReplica(task) });
  }

  /** Notes that a task takes `claim` of a node. */
  claim(taskId: string, index: number, claim: Claim): void {
    this.#claims.set(taskId, { index, claim });
    this.#add(index, claim, 1);
  }

  release(taskId: string): void {
    const held = this.#claims.get(taskId);
    if (!held) return;
    this.#claims.delete(taskId);
    this.#add(held.index, held.claim, -1);
  }

  #add(index: number, claim: Claim, sign: 1 | -1): void {
    this.freeCpus[index]! -= sign * claim.nanoCpus;
    this.freeMemory[index]! -= sign * claim.memoryBytes;
    for (const { kind, count } of claim.generic) addTo(this.#generic[index]!, kind, sign * count);
    for (const port of claim.hostPorts) this.#addPort(index, port, sign);
    if (!claim.counts) return;
    this.taskCounts[index]! += sign;
    let counts = this.#serviceCounts.get(claim.serviceId);
    if (!counts) this.#serviceCounts.set(claim.serviceId, (counts = new Map()));
    addTo(counts, index, sign);
    if (counts.size === 0) this.#serviceCounts.delete(claim.serviceId);
  }

  #addPort(index: number, port: HostPort, sign: 1 | -1): void {
    const ports = this.#hostPorts[index]!;
    if (sign === 1) ports.push(port);
    else
      ports.splice(
        ports.findIndex((taken) => taken.key === port.key && taken.hostIp === port.hostIp),
        1,
      );
  }

  #takeIndex(nodeId: string): number {
    const index = this.#vacant.pop() ?? this.#nodes.length;
    if (index === this.taskCounts.length) this.#grow();
    this.#nodes[index] = undefined;
    this.#generic[index] = new Map();
    this.#hostPorts[index] = [];
    this.freeCpus[index] = 0;
    this.freeMemory[index] = 0;
    this.taskCounts[index] = 0;
    this.#indices.set(nodeId, index);
    return index;
  }

  #grow(): void {
    const capacity = this.taskCounts.length * 2;
    const [cpus, memory, counts] = [this.freeCpus, this.freeMemory, this.taskCounts];
    this.freeCpus = new Float64Array(capacity);
    this.freeMemory = new Float64Array(capacity);
    this.taskCounts = new Int32Array(capacity);
    this.freeCpus.set(cpus);
    this.freeMemory.set(memory);
    this.taskCounts.set(counts);
  }
}

function addTo<K>(counts: Map<K, number>, key: K, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
