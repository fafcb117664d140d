import type { Node, Task } from '@tessera/api';
import { sourceOf } from '../model/spec-of.js';
import type { ClusterView } from '../model/view.js';
import { capacityOf } from './capacity.js';
import { type Claim, claimOf, countsAsReplica, type HostPort, holdsClaim, portsClash } from './claim.js';
import { ClaimLedger, type Held, UNCHANGED } from './claim-ledger.js';
import { Column, ColumnCache, Domains } from './column.js';
import { attributeOf } from './constraint.js';
import { FailureLog } from './failure-log.js';
import { GivenIds } from './given-ids.js';
import { LoadOrder } from './load-order.js';
import { NetworkTable } from './network-table.js';
import { KeptNodes } from './preemption/kept-nodes.js';
import { TableChanges } from './table-changes.js';
import type { TaskRef } from './task-map.js';

const FIRST_CAPACITY = 64;
/** Each takes 8 bytes a node. */
const MOST_COLUMNS = 512;
const MOST_DOMAINS = 64;
const NO_COUNTS: ReadonlyMap<number, number> = new Map();

/**
 * What every node has left, in flat typed arrays indexed by a small number per node. Kept current change by change:
 * nothing here grows with the number of tasks that a change did not touch.
 */
export class NodeTable {
  readonly failures = new FailureLog();
  readonly givenIds = new GivenIds();
  readonly kept = new KeptNodes();
  readonly networks = new NetworkTable();
  /** Billionths of a core that no task has claimed; may fall below 0 when a node shrinks. */
  freeCpus = new Float64Array(FIRST_CAPACITY);
  /** Bytes that no task has claimed. */
  freeMemory = new Float64Array(FIRST_CAPACITY);
  /** What the nodes have in all, at least 1. */
  totalCpus = new Float64Array(FIRST_CAPACITY);
  totalMemory = new Float64Array(FIRST_CAPACITY);
  /** Replicas of any service. */
  taskCounts = new Int32Array(FIRST_CAPACITY);
  /** Nodes with a taint that is only to be avoided. */
  softTaints = 0;
  /** What has changed since somebody last took it. */
  readonly changes = new TableChanges();
  readonly byLoad = new LoadOrder(this);
  readonly #nodes: Array<Node | undefined> = [];
  readonly #versions: number[] = [];
  readonly #indices = new Map<string, number>();
  readonly #vacant: number[] = [];
  readonly #serviceCounts = new Map<string, Map<number, number>>();
  readonly #generic: Array<Map<string, number>> = [];
  readonly #hostPorts: HostPort[][] = [];
  readonly #ledger = new ClaimLedger();
  readonly #columns = new ColumnCache<Column>(MOST_COLUMNS);
  readonly #domains = new ColumnCache<Domains>(MOST_DOMAINS);
  #order: Int32Array | undefined;

  static of(view: ClusterView): NodeTable {
    const table = new NodeTable();
    for (const network of view.all('networks')) table.networks.put(network);
    for (const node of view.all('nodes')) table.putNode(node);
    // Those without a node hold nothing.
    for (const { id } of view.all('nodes')) for (const task of view.tasksOfNode(id)) table.putTask(view, task);
    return table;
  }

  /** One above the highest index in use. */
  get size(): number {
    return this.#nodes.length;
  }

  node(index: number): Node | undefined {
    return this.#nodes[index];
  }

  /** Of all nodes. */
  indices(): number[] {
    const indices: number[] = [];
    for (let index = 0; index < this.size; index++) if (this.#nodes[index]) indices.push(index);
    return indices;
  }

  get nodeVersion(): number {
    return this.changes.nodeVersion;
  }

  /** Grows with each change of the node object; another node at the same index has another one. */
  versionAt(index: number): number {
    return this.#versions[index]!;
  }

  indexOf(nodeId: string): number | undefined {
    return this.#indices.get(nodeId);
  }

  /** Place of each node in the order of ids, by node index: the last word, so that every manager decides alike. */
  get order(): Int32Array {
    return (this.#order ??= this.#sortIds());
  }

  /** Replicas of a service by node index; nodes without one are left out. */
  countsOf(serviceId: string): ReadonlyMap<number, number> {
    return this.#serviceCounts.get(serviceId) ?? NO_COUNTS;
  }

  genericFree(index: number, kind: string): number {
    const total = this.#nodes[index]?.description?.resources.generic.find((resource) => resource.kind === kind)?.count ?? 0;
    return total - (this.#generic[index]?.get(kind) ?? 0);
  }

  isPortFree(index: number, port: HostPort): boolean {
    return !this.#hostPorts[index]!.some((taken) => portsClash(taken, port));
  }

  /**
   * A number of every node that follows from the node object alone, shared by all who ask with the same key.
   * @param key says all that `compute` depends on
   */
  column(key: string, compute: (node: Node) => number): Column {
    return this.#columns.get(key, () => new Column(this, compute));
  }

  /** Nodes by their value of an attribute such as `node.labels.zone`. */
  domains(attribute: string): Domains {
    return this.#domains.get(attribute, () => new Domains(this, (node) => attributeOf(node, attribute)));
  }

  putNode(node: Node): void {
    const index = this.#indices.get(node.id) ?? this.#takeIndex(node.id);
    const before = capacityOf(this.#nodes[index]);
    const after = capacityOf(node);
    this.freeCpus[index]! += after.nanoCpus - before.nanoCpus;
    this.freeMemory[index]! += after.memoryBytes - before.memoryBytes;
    this.totalCpus[index] = Math.max(1, after.nanoCpus);
    this.totalMemory[index] = Math.max(1, after.memoryBytes);
    this.softTaints += softTaint(node) - softTaint(this.#nodes[index]);
    this.#nodes[index] = node;
    this.#versions[index] = this.changes.noteNode(index);
    this.byLoad.moved(index);
  }

  deleteNode(nodeId: string): void {
    const index = this.#indices.get(nodeId);
    if (index === undefined) return;
    this.#ledger.deleteNode(index, (held) => this.#add(held, -1));
    this.givenIds.releaseNode(index);
    this.kept.deleteNode(index);
    this.#indices.delete(nodeId);
    this.softTaints -= softTaint(this.#nodes[index]);
    this.#nodes[index] = undefined;
    this.#forgetOrder();
    this.failures.forgetNode(nodeId);
    this.changes.noteNode(index);
    this.#vacant.push(index);
  }

  /** Takes over what the view says of a task: its claim, or that it has none, and its failure. */
  putTask(view: ClusterView, task: Task): void {
    this.failures.note(task);
    const index = holdsClaim(task) ? this.#indices.get(task.nodeId!) : undefined;
    const source = index === undefined ? undefined : sourceOf(view, task);
    if (index === undefined || !source) {
      this.release(task);
      return;
    }
    this.claim(task, index, claimOf(task.serviceId, source), countsAsReplica(task));
    this.givenIds.put(task, index);
  }

  /** Notes that a task takes `claim` of a node, in place of what it held. */
  claim(task: TaskRef, index: number, claim: Claim, counts = true): void {
    const before = this.#ledger.put(task, index, claim, counts);
    if (before === UNCHANGED) return;
    if (before) this.#add(before, -1);
    this.#add({ index, claim, counts }, 1);
  }

  release(task: TaskRef): void {
    const held = this.#ledger.delete(task);
    this.givenIds.release(task.id);
    if (held) this.#add(held, -1);
  }

  #add({ index, claim, counts }: Held, sign: 1 | -1): void {
    this.freeCpus[index]! -= sign * claim.nanoCpus;
    this.freeMemory[index]! -= sign * claim.memoryBytes;
    for (const { kind, count } of claim.generic) addTo(this.#generic[index]!, kind, sign * count);
    for (const port of claim.hostPorts) this.#addPort(index, port, sign);
    for (const network of claim.networks) this.networks.count(network, index, sign);
    this.changes.noteTask(index, claim, sign);
    if (counts) this.#count(index, claim.serviceId, sign);
    this.byLoad.moved(index);
  }

  /** Replicas alone count. */
  #count(index: number, serviceId: string, sign: 1 | -1): void {
    this.taskCounts[index]! += sign;
    let nodes = this.#serviceCounts.get(serviceId);
    if (!nodes) this.#serviceCounts.set(serviceId, (nodes = new Map()));
    addTo(nodes, index, sign);
    if (nodes.size === 0) this.#serviceCounts.delete(serviceId);
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
    this.#forgetOrder();
    return index;
  }

  #grow(): void {
    this.freeCpus = doubled(this.freeCpus);
    this.freeMemory = doubled(this.freeMemory);
    this.totalCpus = doubled(this.totalCpus);
    this.totalMemory = doubled(this.totalMemory);
    const counts = this.taskCounts;
    this.taskCounts = new Int32Array(counts.length * 2);
    this.taskCounts.set(counts);
  }

  #forgetOrder(): void {
    this.#order = undefined;
    this.byLoad.forget();
  }

  #sortIds(): Int32Array {
    const order = new Int32Array(this.#nodes.length);
    [...this.#indices].sort(([a], [b]) => (a < b ? -1 : 1)).forEach(([, index], place) => void (order[index] = place));
    return order;
  }
}

function softTaint(node: Node | undefined): 0 | 1 {
  return node?.spec.taints?.some(({ effect }) => effect === 'prefer-no-schedule') ? 1 : 0;
}

function addTo<K>(counts: Map<K, number>, key: K, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}

function doubled(array: Float64Array): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(array.length * 2);
  larger.set(array);
  return larger;
}
