import type { ObservedContainer } from '@tessera/agent/model/container';
import type { ObjectChange } from '@tessera/api';
import { SeededRandom, silentLog, VirtualClock } from '@tessera/kit';
import { MemoryStore } from '@tessera/manager/adapters/kv/memory/memory-store';
import { readyNode } from '@tessera/manager/model/testing/builders';
import type { ClusterView } from '@tessera/manager/model/view';
import { KvClusterStore } from '@tessera/manager/state/cluster-store';
import { aesSealer } from '@tessera/manager/state/seal';
import { settleNow } from '../settle.js';
import { BridgePool } from './bridge-pool.js';
import { History } from './history.js';
import { Moment } from './moment.js';
import { type Parts, REAL_PARTS } from './parts.js';
import { SimEngine } from './sim-engine.js';
import { SimManager } from './sim-manager.js';
import { SimNode } from './sim-node.js';

export interface WorldOptions {
  seed: number;
  managers: number;
  nodes: number;
  parts?: Partial<Parts>;
}

/** What the world tells those who watch it. */
export interface WorldListener {
  /** An object of the store has changed; the view has the change. */
  onChange?(change: ObjectChange): void;
  /** A container has started or ended. */
  onContainer?(node: SimNode, container: ObservedContainer): void;
  /** A running container of this node gets its stop signal. */
  onStop?(node: SimNode, container: ObservedContainer): void;
  /** A revision of the store is complete, or a container has started or ended: after all that is told of it above. */
  onMoment?(): void;
}

/** Numbers that keep the streams of chance of one seed apart. */
const STREAM = 0x9e3779b1;
const SECRETS_KEY = '00'.repeat(32);

/** A whole cluster in this process: managers on one store, nodes with engines, and the lines between them. */
export class SimWorld {
  readonly clock = new VirtualClock(undefined, settleNow);
  readonly moment = new Moment(this.clock);
  readonly history = new History(this.clock);
  readonly memory = new MemoryStore({ clock: this.clock });
  readonly parts: Parts;
  readonly managers: SimManager[];
  readonly nodes: SimNode[];
  readonly #seed: number;
  readonly #listeners: WorldListener[] = [];
  readonly #disturbedAt = new Map<string, number>();
  #streams = 0;
  #observer: KvClusterStore | undefined;

  private constructor({ seed, managers, nodes, parts }: WorldOptions) {
    this.#seed = seed;
    this.parts = { ...REAL_PARTS, ...parts };
    const { clock, moment, history, memory } = this;
    this.managers = numbered('m', managers).map(
      (name) =>
        new SimManager({ name, clock, moment, history, memory, random: this.random(), parts: this.parts, managers: () => this.managers }),
    );
    this.nodes = numbered('n', nodes).map((id, index) => this.#makeNode(id, index));
  }

  /** Makes a world whose managers and agents start now. */
  static async make(options: WorldOptions): Promise<SimWorld> {
    const world = new SimWorld(options);
    await world.#observe();
    for (const node of world.nodes) await world.#join(node);
    for (const manager of world.managers) manager.start();
    for (const node of world.nodes) node.startAgent();
    return world;
  }

  /** The store as it is, whatever managers believe. */
  get view(): ClusterView {
    if (!this.#observer) throw new Error('the world is not made yet');
    return this.#observer.view;
  }

  /** A stream of chance of its own. */
  random(): SeededRandom {
    this.#streams += 1;
    return new SeededRandom(this.#seed + Math.imul(this.#streams, STREAM));
  }

  listen(listener: WorldListener): void {
    this.#listeners.push(listener);
  }

  node(id: string | undefined): SimNode | undefined {
    return this.nodes.find((node) => node.id === id);
  }

  /** Notes that something befell `nodeId`, or everybody. */
  disturb(what: string, nodeId = ''): void {
    this.history.note(`fault: ${what}${nodeId && ` on ${nodeId}`}`);
    this.#disturbedAt.set(nodeId, this.clock.monotonic());
  }

  /** For how long nothing has befallen the cluster or, when it is given, this node. */
  calmForMs(nodeId?: string): number {
    const times = nodeId === undefined ? [...this.#disturbedAt.values()] : [this.#disturbedAt.get(''), this.#disturbedAt.get(nodeId)];
    return this.clock.monotonic() - Math.max(0, ...times.map((at) => at ?? 0));
  }

  /** Lets one lease of all that keys are attached to go, whoever holds it. Returns the key. @param chance which one, from 0 to 1 */
  endLeases(chance: number): string | undefined {
    const held = this.memory.range('', {}).entries.filter(({ leaseId }) => leaseId !== undefined);
    const entry = held[Math.floor(chance * held.length)];
    if (entry?.leaseId !== undefined) this.memory.revokeLease(entry.leaseId);
    return entry?.key;
  }

  /** Forgets the history of the store up to now. */
  compact(): void {
    if (this.memory.revision > this.memory.compactedRevision) this.memory.compact(this.memory.revision);
  }

  crashManager(manager: SimManager): void {
    manager.crash();
    for (const node of this.nodes) node.managerDied(manager);
  }

  /** Ends everything, so that no process of the world does anything any more. */
  close(): void {
    for (const node of this.nodes) node.powerOff(false);
    for (const manager of this.managers) manager.crash();
    this.#observer?.close();
  }

  #makeNode(id: string, index: number): SimNode {
    const { clock, moment, history, managers } = this;
    const bridges = this.parts.bridges(new BridgePool());
    const engine = new SimEngine({
      clock,
      random: this.random(),
      bridges,
      onContainer: (container) => {
        const { name, state, exitCode } = container;
        history.note(`${id} container ${name.slice(0, -19)} ${state}${exitCode === undefined ? '' : ` ${exitCode}`}`);
        for (const listener of this.#listeners) listener.onContainer?.(node, container);
        this.#moment();
      },
      onStop: (container) => {
        for (const listener of this.#listeners) listener.onStop?.(node, container);
      },
    });
    const node = new SimNode({ id, index, clock, moment, random: this.random(), engine, bridges, managers, history, parts: this.parts });
    return node;
  }

  async #observe(): Promise<void> {
    const kv = this.memory.connect();
    const random = this.random();
    const options = { kv, clock: this.clock, random, log: silentLog, sealer: aesSealer(SECRETS_KEY, random) };
    this.#observer = await KvClusterStore.open(options);
    this.#observer.onChange((change) => {
      this.history.change(change);
      for (const listener of this.#listeners) listener.onChange?.(change);
    });
    // This watch begins after the observer's, so that the view has the whole revision when it is told.
    kv.watch('', { fromRevision: this.memory.revision + 1, onEvents: () => this.#moment(), onEnd: () => {} });
  }

  async #join({ id }: SimNode): Promise<void> {
    const { description: _, ...node } = readyNode(id);
    const object = { ...node, status: { state: 'unknown' as const, message: 'new', at: this.clock.now() } };
    await this.#observer?.commit([{ type: 'put', kind: 'nodes', object, expect: 'absent' }]);
  }

  #moment(): void {
    for (const listener of this.#listeners) listener.onMoment?.();
  }
}

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
}
