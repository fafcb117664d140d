import { LABELS } from '@tessera/agent/model/labels';
import type { EngineErrorKind } from '@tessera/agent/ports/engine';
import type { SeededRandom } from '@tessera/kit';
import type { SimManager, TxnFault } from './world/sim-manager.js';
import type { SimNode } from './world/sim-node.js';
import type { SimWorld } from './world/world.js';

/** Errors that a real engine gives now and then, whatever it is asked for. */
const PASSING_ERRORS: readonly EngineErrorKind[] = ['gone', 'timeout', 'other', 'disk-full'];
const TXN_FAULTS: readonly TxnFault[] = ['unavailable', 'done-unknown', 'lost-unknown'];
const MOST_SKEW_MS = 20_000;
const SHORTEST_MS = 200;
const LONGEST_MS = 30_000;

/** Begins; returns how it ends. Undefined: it does not apply now. */
type Fault = (faults: Faults) => (() => void) | undefined;

/** Every kind of fault; one is begun by its place in this list, so that a new one goes to the end. */
const KINDS: readonly Fault[] = [
  (faults) => faults.crashManager(),
  (faults) => faults.cutStore(),
  (faults) => faults.pauseManager(),
  (faults) => faults.crashAgent(),
  (faults) => faults.cutPower(),
  (faults) => faults.cutLinks(),
  (faults) => faults.stopEngine(),
  (faults) => faults.failCalls(),
  (faults) => faults.slowPulls(),
  (faults) => faults.crashContainer(),
  (faults) => faults.freezeLinks(),
  (faults) => faults.failTxns(),
  (faults) => faults.endLeases(),
  (faults) => faults.compact(),
  (faults) => faults.skewClock(),
];

/** Faults from a seed: each begins, lasts for a while and ends, and several go on at a time. */
export class Faults {
  readonly #world: SimWorld;
  readonly #random: SeededRandom;
  /** What ends the faults under way, by what they hold: one fault at a time for each manager's process, line and so on. */
  readonly #ends = new Map<string, () => void>();

  constructor(world: SimWorld) {
    this.#world = world;
    this.#random = world.random();
  }

  /** Number of faults under way. */
  get active(): number {
    return this.#ends.size;
  }

  /** Begins one fault of any kind, if it applies. */
  begin(): void {
    const end = this.#pick(KINDS)(this);
    if (end) this.#world.clock.timer(SHORTEST_MS + this.#random.next() * LONGEST_MS, end);
  }

  /** Ends everything that is under way. */
  endAll(): void {
    for (const end of [...this.#ends.values()]) end();
    for (const node of this.#world.nodes) node.engine.heal();
    for (const { txnFaults } of this.#world.managers) txnFaults.length = 0;
    this.#world.disturb('all faults end');
  }

  crashManager() {
    const manager = this.#manager();
    if (!manager.isRunning || manager.isPaused) return undefined;
    return this.#hold(
      `${manager.name} process`,
      `crash of ${manager.name}`,
      () => this.#world.crashManager(manager),
      () => manager.start(),
    );
  }

  cutStore() {
    const manager = this.#manager();
    return this.#hold(
      `${manager.name} store`,
      `store line of ${manager.name} cut`,
      () => manager.setStoreReachable(false),
      () => manager.setStoreReachable(true),
    );
  }

  pauseManager() {
    const manager = this.#manager();
    if (!manager.isRunning) return undefined;
    return this.#hold(
      `${manager.name} process`,
      `${manager.name} paused`,
      () => manager.pause(),
      () => manager.resume(),
    );
  }

  crashAgent() {
    const node = this.#node();
    if (!node.isAgentRunning) return undefined;
    return this.#hold(
      `${node.id} host`,
      'agent crash',
      () => node.crashAgent(),
      () => node.startAgent(),
      node,
    );
  }

  cutPower() {
    const node = this.#node();
    const keepContainers = this.#random.next() < 0.7;
    if (!node.isPowered) return undefined;
    return this.#hold(
      `${node.id} host`,
      'power off',
      () => node.powerOff(keepContainers),
      () => node.powerOn(),
      node,
    );
  }

  cutLinks() {
    const node = this.#node();
    const managers = this.#random.next() < 0.5 ? [this.#manager()] : this.#world.managers;
    return this.#hold(
      `${node.id} links`,
      `links to ${managers.map(({ name }) => name)} cut`,
      () => node.cutLinks(managers),
      () => node.healLinks(managers),
      node,
    );
  }

  stopEngine() {
    const { node, engine } = this.#engine();
    if (!node.isPowered) return undefined;
    return this.#hold(
      `${node.id} engine`,
      'engine does not answer',
      () => engine.setUp(false),
      () => node.isPowered && engine.setUp(true),
      node,
    );
  }

  failCalls(): undefined {
    const { node, engine } = this.#engine();
    const kinds = Array.from({ length: 1 + Math.floor(this.#random.next() * 3) }, () => this.#pick(PASSING_ERRORS));
    this.#world.disturb(`next calls fail: ${kinds}`, node.id);
    engine.failNext(...kinds);
  }

  slowPulls() {
    const { node, engine } = this.#engine();
    const slow = (): void => void (engine.pullFactor = 20);
    return this.#hold(`${node.id} pulls`, 'slow pulls', slow, () => void (engine.pullFactor = 1), node);
  }

  crashContainer(): undefined {
    const { node, engine } = this.#engine();
    const running = engine.running();
    if (running.length === 0) return;
    const { id, labels } = this.#pick(running);
    this.#world.disturb(`container of ${labels[LABELS.serviceName]} crashes`, node.id);
    engine.crash(id, this.#random.next() < 0.2 ? 0 : 1);
  }

  /** Messages are held up, and arrive all at once. */
  freezeLinks() {
    const node = this.#node();
    return this.#hold(
      `${node.id} freeze`,
      'connections stall',
      () => node.freezeLinks(),
      () => node.thawLinks(),
      node,
    );
  }

  failTxns(): undefined {
    const manager = this.#manager();
    const faults = Array.from({ length: 1 + Math.floor(this.#random.next() * 4) }, () => this.#pick(TXN_FAULTS));
    this.#world.disturb(`next txns of ${manager.name}: ${faults}`);
    manager.txnFaults.push(...faults);
  }

  /** The store lets the leases of a manager go, though that one is well. */
  endLeases(): undefined {
    const ended = this.#world.endLeases(this.#random.next());
    if (ended !== undefined) this.#world.disturb(`lease on ${ended} ends`);
  }

  /** History goes: a watch that has not kept up begins anew. */
  compact(): undefined {
    this.#world.disturb('the store is compacted');
    this.#world.compact();
  }

  skewClock() {
    const host = this.#random.next() < 0.5 ? this.#manager() : this.#node();
    const name = 'name' in host ? host.name : host.id;
    const skewMs = Math.round((this.#random.next() * 2 - 1) * MOST_SKEW_MS);
    return this.#hold(
      `${name} clock`,
      `wall clock of ${name} is set by ${skewMs} ms`,
      () => void (host.skewMs = skewMs),
      () => void (host.skewMs = 0),
    );
  }

  #hold(key: string, what: string, begin: () => void, undo: () => void, node?: SimNode): (() => void) | undefined {
    if (this.#ends.has(key)) return undefined;
    this.#world.disturb(what, node?.id);
    begin();
    const end = (): void => {
      if (this.#ends.get(key) !== end) return;
      this.#ends.delete(key);
      this.#world.disturb(`end of: ${what}`, node?.id);
      undo();
    };
    this.#ends.set(key, end);
    return end;
  }

  #manager(): SimManager {
    return this.#pick(this.#world.managers);
  }

  #node(): SimNode {
    return this.#pick(this.#world.nodes);
  }

  #engine() {
    const node = this.#node();
    return { node, engine: node.engine };
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random.next() * values.length)] as T;
  }
}
