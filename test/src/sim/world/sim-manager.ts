import { type Clock, newId, type Random, SeededRandom, type SessionSocket } from '@tessera/kit';
import { MemoryKv } from '@tessera/manager/adapters/kv/memory/memory-kv';
import type { MemoryStore } from '@tessera/manager/adapters/kv/memory/memory-store';
import type { Acme } from '@tessera/manager/ports/acme';
import type { Dispatcher } from '@tessera/manager/ports/dispatcher';
import { type Kv, KvError } from '@tessera/manager/ports/kv';
import type { Peers } from '@tessera/manager/ports/peers';
import { KvClusterStore } from '@tessera/manager/state/cluster-store';
import { LeaderElection } from '@tessera/manager/state/leader';
import { LeasedPresence } from '@tessera/manager/state/presence';
import { aesSealer } from '@tessera/manager/state/seal';
import { ensureCluster } from '@tessera/manager/use-case/cluster';
import type { UseCaseContext } from '@tessera/manager/use-case/context';
import type { History } from './history.js';
import type { Moment } from './moment.js';
import type { Parts } from './parts.js';
import { processKv, SimProcess } from './process.js';

const SECRETS_KEY = '00'.repeat(32);
/** No host of the simulation has a certificate. */
const NO_ACME: Acme = { issue: () => Promise.reject(new Error('there is no authority')) };
/** Who watches over the process starts it again after this when it could not start. */
const RESTART_MS = 1_000;
export const CLUSTER = {
  name: 'sim',
  clusterId: 'simcluster',
  tokenHashes: { worker: '0'.repeat(64), manager: '1'.repeat(64) },
  addressPool: '10.128.0.0/16',
};

export interface SimManagerOptions {
  name: string;
  clock: Clock;
  random: Random;
  memory: MemoryStore;
  moment: Moment;
  history: History;
  parts: Parts;
  /** All managers of the world. */
  managers(): readonly SimManager[];
}

/** One manager: its process comes and goes; what it knows is in the store. Wired as `startManager` does. */
export class SimManager {
  readonly #options: SimManagerOptions;
  #process: SimProcess | undefined;
  #line: MemoryKv | undefined;
  #isLineCut = false;
  #dispatcher: Dispatcher | undefined;
  #context: UseCaseContext | undefined;
  #election: LeaderElection | undefined;
  #crashed = new AbortController();

  constructor(options: SimManagerOptions) {
    this.#options = options;
  }

  /** By how much the host's wall clock is wrong. */
  skewMs = 0;
  /** What becomes of the next txns. */
  readonly txnFaults: TxnFault[] = [];

  get name(): string {
    return this.#options.name;
  }

  get url(): string {
    return `https://${this.name}:4600`;
  }

  get isRunning(): boolean {
    return this.#process !== undefined;
  }

  get isPaused(): boolean {
    return this.#process?.isPaused ?? false;
  }

  get isLeader(): boolean {
    return this.#election?.isLeader ?? false;
  }

  /** What use cases run on, once the manager serves. */
  get context(): UseCaseContext | undefined {
    return this.#context;
  }

  /** Whether an agent that dials gets through: the process listens once its parts have started. */
  get isServing(): boolean {
    return this.#dispatcher !== undefined;
  }

  start(): void {
    const { clock, memory, moment } = this.#options;
    const process = new SimProcess(clock, moment, () => this.skewMs);
    this.#process = process;
    this.#line = new MemoryKv(memory, process.clock);
    this.#line.setReachable(!this.#isLineCut);
    void this.#boot(process, this.#line);
  }

  /** The process ends without a word. Its connections are cut by whoever holds them. */
  crash(): void {
    this.#process?.kill();
    this.#crashed.abort(new Error(`${this.name} went away`));
    this.#crashed = new AbortController();
    void this.#line?.close();
    this.#process = undefined;
    this.#dispatcher = undefined;
    this.#context = undefined;
    this.#election = undefined;
  }

  /** The process stands still, as in a snapshot of its machine; it knows nothing of it afterwards. */
  pause(): void {
    this.#process?.pause();
  }

  resume(): void {
    this.#process?.resume();
  }

  setStoreReachable(isReachable: boolean): void {
    this.#isLineCut = !isReachable;
    this.#line?.setReachable(isReachable);
  }

  /** Takes an agent's connection. */
  accept(socket: SessionSocket, nodeId: string): void {
    const process = this.#process;
    if (process && this.#dispatcher) this.#dispatcher.accept(processSocket(socket, process), nodeId);
    else socket.close();
  }

  /** What its nodes have applied, as another manager asks for it: breaks off when the process ends. */
  async *applied(nodeIds: readonly string[], revision: number, signal: AbortSignal): AsyncIterable<string[]> {
    const [process, dispatcher, crashed] = [this.#process, this.#dispatcher, this.#crashed.signal];
    if (!process || !dispatcher) throw new Error(`${this.name} refuses connections`);
    const answers = dispatcher.applied(nodeIds, revision, signal)[Symbol.asyncIterator]();
    const over = new AbortController();
    const broken = new Promise<never>((_, reject) =>
      crashed.addEventListener('abort', () => reject(crashed.reason), { once: true, signal: over.signal }),
    );
    broken.catch(() => {});
    try {
      for (;;) {
        await Promise.race([process.hears(Promise.resolve()), broken]);
        const { done, value } = await Promise.race([answers.next(), broken]);
        if (done) return;
        yield value;
      }
    } finally {
      // As many questions as tasks leave, over the whole life of a process.
      over.abort();
    }
  }

  async #boot(process: SimProcess, line: MemoryKv): Promise<void> {
    const { random: seeds, parts, history, name } = this.#options;
    // A process's own chance, so that one process's fate does not change another's.
    const random = new SeededRandom(Math.floor(seeds.next() * 2 ** 32));
    const environment = { clock: process.clock, random, log: history.log(name) };
    const kv = parts.kv(faultyKv(processKv(line, process), this.txnFaults));
    const store = await KvClusterStore.open({ kv, ...environment, sealer: aesSealer(SECRETS_KEY, random) });
    try {
      await ensureCluster({ store, clock: process.clock }, CLUSTER);
    } catch (error) {
      history.note(`${name} cannot start: ${(error as Error).message}`);
      process.clock.timer(RESTART_MS, () => {
        this.crash();
        this.start();
      });
      return;
    }
    const election = new LeaderElection({
      kv,
      key: store.keys.leader,
      candidate: `${name}.${newId(random)}`,
      ...environment,
      lead: (fence) => {
        history.note(`${name} leads`);
        const controllers = parts.startControllers({ ...environment, acme: NO_ACME, store: parts.leaderStore(store, fence) });
        return parts.stepsDown ? controllers : { stop: () => {} };
      },
    });
    const leased = new LeasedPresence({ kv, store, ...environment });
    const presence = parts.presence(leased);
    leased.start({ hostname: name, addresses: [`${name}:4600`], version: 'sim' });
    const peers = simPeers(process, this.#options.managers);
    const dispatcher = parts.createDispatcher({ ...environment, presence, peers, store: parts.dispatcherStore(store) });
    this.#dispatcher = dispatcher;
    this.#election = election;
    this.#context = {
      store,
      dispatcher,
      presence,
      peers,
      ...environment,
      authority: { certificate: '', key: '' },
      storeKind: 'memory',
      isLeader: () => election.isLeader,
    };
    history.note(`${name} serves`);
    election.start();
  }
}

/** Nobody reads logs, forwards ports or asks about networks in the simulator. */
function simPeers(process: SimProcess, managers: () => readonly SimManager[]): Peers {
  return {
    async *applied({ hostname }, nodeIds, revision, signal) {
      const other = managers().find(({ name }) => name === hostname);
      if (!other) throw new Error(`there is no ${hostname}`);
      const answers = other.applied(nodeIds, revision, signal)[Symbol.asyncIterator]();
      for (;;) {
        const { done, value } = await process.hears(answers.next());
        if (done) return;
        yield value;
      }
    },
    async *taskLog() {},
    openForward: () => Promise.reject(new Error('there are no ports')),
    probe: async () => ({ kind: 'failed', message: 'there are no networks' }),
    resolveImage: async () => ({ error: 'there are no registries' }),
    close: () => {},
  };
}

/** What a txn comes to: refused, done though the answer is lost, or not done though the answer is lost. */
export type TxnFault = 'unavailable' | 'done-unknown' | 'lost-unknown';

function faultyKv(kv: Kv, faults: TxnFault[]): Kv {
  return {
    ...kv,
    txn: async (txn) => {
      const fault = faults.shift();
      if (fault === 'unavailable') throw new KvError('unavailable', 'injected: the store is busy');
      if (fault === 'lost-unknown') throw new KvError('unknown', 'injected: the request got lost');
      const result = await kv.txn(txn);
      if (fault === 'done-unknown') throw new KvError('unknown', 'injected: the answer got lost');
      return result;
    },
  };
}

/** A socket whose messages reach the process as everything does. */
function processSocket(socket: SessionSocket, process: SimProcess): SessionSocket {
  return {
    send: (text) => socket.send(text),
    get bufferedBytes() {
      return socket.bufferedBytes;
    },
    close: (code, reason) => socket.close(code, reason),
    sendBytes: (bytes) => socket.sendBytes(bytes),
    onBytes: (listener) => socket.onBytes(listener),
    onMessage: (listener) => socket.onMessage((text) => process.deliver(() => listener(text))),
    onClose: (listener) => socket.onClose((code, reason) => process.deliver(() => listener(code, reason))),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  };
}
