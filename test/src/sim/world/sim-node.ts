import type { Engine, EngineEvent } from '@tessera/agent/ports/engine';
import type { TaskDb } from '@tessera/agent/ports/task-db';
import { Runner } from '@tessera/agent/runner/runner';
import { ConnectError } from '@tessera/agent/session/connector';
import { type Session, startSessionOver } from '@tessera/agent/session/index';
import { MemoryGrantStore } from '@tessera/agent/task-db/memory-grant-store';
import { MemoryTaskDb } from '@tessera/agent/task-db/memory-task-db';
import type { NodeDescription } from '@tessera/api';
import { type Clock, type Random, SeededRandom, type SessionSocket, type SocketPair, sleep, socketPair } from '@tessera/kit';
import { readyNode } from '@tessera/manager/model/testing/builders';
import type { BridgePool } from './bridge-pool.js';
import { SimNetwork } from './bridge-pool.js';
import type { History } from './history.js';
import type { Moment } from './moment.js';
import type { Parts } from './parts.js';
import { SimProcess } from './process.js';
import type { SimEngine } from './sim-engine.js';
import { CLUSTER, type SimManager } from './sim-manager.js';

/** A dial over a cut line fails after this. */
const DIAL_LIMIT_MS = 3_000;
const LONGEST_LATENCY_MS = 20;
const HOUR_MS = 3_600_000;
const GIB = 1024 ** 3;
export const NODE_MEMORY_BYTES = 6 * GIB;
/** So many that every task that wants one gets it, wherever it is. */
const GPUS = Array.from({ length: 16 }, (_, index) => `g${index}`);
const NO_FILES = { folder: () => '/files', write: async () => {}, remove: async () => {}, keepOnly: async () => {} };

export interface SimNodeOptions {
  id: string;
  /** Last part of its address. */
  index: number;
  clock: Clock;
  moment: Moment;
  random: Random;
  engine: SimEngine;
  bridges: BridgePool;
  managers: readonly SimManager[];
  history: History;
  parts: Parts;
}

/** One host: an engine with its containers, and an agent whose process comes and goes over a database that stays. */
export class SimNode {
  readonly #options: SimNodeOptions;
  readonly #db = new MemoryTaskDb();
  readonly #predecessors = new Map<string, string>();
  readonly #grants = new MemoryGrantStore();
  /** Connections by manager, also such as nobody uses any more. */
  readonly #pairs = new Map<SimManager, SocketPair[]>();
  readonly #cut = new Set<SimManager>();
  #process: SimProcess | undefined;
  #session: Session | undefined;
  #isPowered = true;
  #isFrozen = false;
  #changedAt = Number.NEGATIVE_INFINITY;
  #openSince: number | undefined;

  constructor(options: SimNodeOptions) {
    this.#options = options;
  }

  /** By how much the host's wall clock is wrong. */
  skewMs = 0;

  get id(): string {
    return this.#options.id;
  }

  get engine(): SimEngine {
    return this.#options.engine;
  }

  /** Whether clients on this host are sent to the task, as far as its network was told. */
  sendsTo(taskId: string): boolean {
    return this.#options.bridges.services.some(({ endpoints }) => endpoints.some((one) => one.taskId === taskId && one.ready !== false));
  }

  get isPowered(): boolean {
    return this.#isPowered;
  }

  get isAgentRunning(): boolean {
    return this.#process !== undefined;
  }

  get isConnected(): boolean {
    return this.#session?.state.name === 'open';
  }

  /** For how long its agent and its engine have both been at work. */
  get atWorkForMs(): number {
    return this.#process === undefined ? 0 : Math.min(this.#options.clock.monotonic() - this.#changedAt, this.engine.atWorkForMs);
  }

  /** For how long its agent has had a session with a manager that serves and hears it, as of the last look; 0 when it has none. */
  get servedForMs(): number {
    return this.#openSince === undefined ? 0 : this.#options.clock.monotonic() - this.#openSince;
  }

  /** Looks whether the session is one over which both ends hear each other. */
  look(): void {
    const { state } = this.#session ?? {};
    const manager = state?.name === 'open' ? this.#options.managers.find(({ url }) => url === state.manager) : undefined;
    const isServed = manager?.isServing === true && !manager.isPaused && !this.#cut.has(manager) && !this.#isFrozen;
    if (!isServed) this.#openSince = undefined;
    else this.#openSince ??= this.#options.clock.monotonic();
  }

  /** Messages of its connections arrive late: all at once when it ends. */
  freezeLinks(): void {
    this.#isFrozen = true;
    for (const pairs of this.#pairs.values()) for (const pair of pairs) pair.freeze();
  }

  thawLinks(): void {
    this.#isFrozen = false;
    for (const pairs of this.#pairs.values()) for (const pair of pairs) pair.thaw();
  }

  /** Whose place a task took that its agent started by itself; undefined for tasks of the managers. */
  predecessorOf(taskId: string): string | undefined {
    return this.#predecessors.get(taskId);
  }

  startAgent(): void {
    const { clock, moment, random: seeds, history, id, bridges, engine, managers, index } = this.#options;
    const process = new SimProcess(clock, moment, () => this.skewMs);
    const random = new SeededRandom(Math.floor(seeds.next() * 2 ** 32));
    const environment = { clock: process.clock, random, log: history.log(id) };
    const runner = new Runner({
      ...environment,
      clusterId: CLUSTER.clusterId,
      node: { id, hostname: id, os: 'linux', architecture: 'x86_64' },
      engine: processEngine(engine, process),
      network: new SimNetwork(bridges, process.clock),
      db: this.#processDb(process),
      files: NO_FILES,
      grants: this.#grants,
      killer: { kill: async () => 0 },
      retention: { perSlot: 5, maxAgeMs: HOUR_MS },
      images: { unusedMs: 24 * HOUR_MS, diskBytes: 0 },
      describe: () => Promise.resolve(describeNode(id, index)),
    });
    this.#changedAt = clock.monotonic();
    this.#process = process;
    runner.start();
    this.#session = startSessionOver({
      ...environment,
      core: this.#options.parts.agentCore(runner, process.clock),
      managers: managers.map((_, place) => (managers[(place + index) % managers.length] as SimManager).url),
      connector: { connect: (url) => process.hears(this.#dial(url, process)) },
    });
  }

  /** The agent's process ends without a word; containers and database stay. */
  crashAgent(): void {
    this.#process?.kill();
    this.#process = undefined;
    this.#session = undefined;
    this.#dropConnections((pair) => pair.cut());
  }

  /** The host vanishes: nobody closes its connections. */
  powerOff(keepContainers: boolean): void {
    this.#isPowered = false;
    this.#process?.kill();
    this.#process = undefined;
    this.#session = undefined;
    this.#dropConnections((pair) => pair.blackhole());
    this.#options.bridges.services = [];
    this.engine.powerOff(keepContainers);
  }

  powerOn(): void {
    this.#isPowered = true;
    this.engine.setUp(true);
    this.#grants.forget();
    this.startAgent();
  }

  /** Cuts the lines to these managers: open connections go dead, dials time out. */
  cutLinks(managers: readonly SimManager[]): void {
    for (const manager of managers) {
      this.#cut.add(manager);
      for (const pair of this.#pairs.get(manager)?.splice(0) ?? []) pair.blackhole();
    }
  }

  healLinks(managers: readonly SimManager[]): void {
    for (const manager of managers) this.#cut.delete(manager);
  }

  /** The manager's process has ended: its host closes the connections. */
  managerDied(manager: SimManager): void {
    for (const pair of this.#pairs.get(manager)?.splice(0) ?? []) pair.cut();
  }

  /** The database as the agent's process writes it: nothing is written after its end. */
  #processDb(process: SimProcess): TaskDb {
    const db = this.#db;
    return {
      load: () => db.load(),
      images: () => db.images(),
      save: (change) => {
        if (process.isDead) return;
        db.save(change);
        for (const { assignment, successorOf } of change.records ?? [])
          if (successorOf !== undefined) this.#predecessors.set(assignment.id, successorOf);
        for (const id of change.forget ?? []) this.#predecessors.delete(id);
      },
      close: () => {},
    };
  }

  #dropConnections(drop: (pair: SocketPair) => void): void {
    for (const pairs of this.#pairs.values()) for (const pair of pairs.splice(0)) drop(pair);
  }

  async #dial(url: string, process: SimProcess): Promise<SessionSocket> {
    const { clock, random, managers, id } = this.#options;
    const latencyMs = 1 + Math.floor(random.next() * LONGEST_LATENCY_MS);
    const manager = managers.find((one) => one.url === url) as SimManager;
    await sleep(clock, latencyMs);
    if (this.#cut.has(manager) || manager.isPaused) {
      await sleep(clock, DIAL_LIMIT_MS);
      throw new ConnectError(`${url} did not answer within ${DIAL_LIMIT_MS} ms`, false);
    }
    if (process.isDead || !manager.isServing) throw new ConnectError(`${url} refuses connections`, false);
    const pair = socketPair({ clock, latencyMs });
    const pairs = this.#pairs.get(manager) ?? [];
    this.#pairs.set(manager, [...pairs.slice(-1), pair]);
    manager.accept(pair.server, id);
    return pair.client;
  }
}

export function describeNode(id: string, index: number): NodeDescription {
  const resources = { nanoCpus: 4e9, memoryBytes: NODE_MEMORY_BYTES, generic: [{ kind: 'gpu', count: GPUS.length, ids: GPUS }] };
  return { ...(readyNode(id, { resources }).description as NodeDescription), address: `192.0.2.${index + 1}` };
}

/** The engine as the agent's process reaches it: a process that has ended calls nothing and hears nothing. */
function processEngine(engine: SimEngine, process: SimProcess): Engine {
  const call = <T>(run: () => Promise<T>): Promise<T> => (process.isDead ? new Promise<T>(() => {}) : process.hears(run()));
  return {
    info: () => call(() => engine.info()),
    list: (label) => call(() => engine.list(label)),
    inspect: (idOrName) => call(() => engine.inspect(idOrName)),
    create: (request) => call(() => engine.create(request)),
    start: (containerId) => call(() => engine.start(containerId)),
    stop: (containerId, graceMs) => call(() => engine.stop(containerId, graceMs)),
    signal: (containerId, signal) => call(() => engine.signal(containerId, signal)),
    exec: (containerId, command) => call(() => engine.exec(containerId, command)),
    remove: (containerId) => call(() => engine.remove(containerId)),
    image: (reference) => call(() => engine.image(reference)),
    images: () => call(() => engine.images()),
    volumes: () => call(() => engine.volumes()),
    removeImage: (reference) => call(() => engine.removeImage(reference)),
    digest: (reference) => call(() => engine.digest(reference)),
    pull: (reference, options) => call(() => engine.pull(reference, options)),
    events: (label, signal) => heard(engine.events(label, signal), process),
    usage: (containerId) => call(() => engine.usage(containerId)),
    logs: () => engine.logs(),
  };
}

async function* heard(events: AsyncIterable<EngineEvent>, process: SimProcess): AsyncGenerator<EngineEvent> {
  for await (const event of events) {
    if (process.isDead) return;
    yield event;
  }
}
