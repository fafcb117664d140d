import { ConnectError } from '@tessera/agent/session/connector';
import { type Session, startSessionOver } from '@tessera/agent/session/index';
import type { ObjectTypes } from '@tessera/api';
import { SeededRandom, type SessionSocket, type SocketPair, silentLog, socketPair, VirtualClock } from '@tessera/kit';
import { MemoryStore } from '@tessera/manager/adapters/kv/memory/memory-store';
import { createDispatcher } from '@tessera/manager/dispatcher/index';
import { projectNode, slotIndexOf } from '@tessera/manager/dispatcher/projection/node-set';
import type { Dispatcher } from '@tessera/manager/ports/dispatcher';
import type { Peers } from '@tessera/manager/ports/peers';
import type { StoreChange } from '@tessera/manager/ports/store';
import { KvClusterStore } from '@tessera/manager/state/cluster-store';
import { aesSealer } from '@tessera/manager/state/seal';
import { FixedPresence } from '@tessera/manager/state/testing/fixed-presence';
import { RecordingCore, sortedItems } from './recording-core.js';
import { sampleDescription, sampleNode } from './sample.js';

export interface LinkAgent {
  nodeId: string;
  core: RecordingCore;
  session: Session;
  /** Its connections, the newest last. */
  pairs: SocketPair[];
}

/** A manager beside the first. */
export interface OtherManager {
  id: string;
  dispatcher: Dispatcher;
}

/**
 * One manager's store and dispatcher, others beside it where a test wants them, and agents that reach them over sockets in memory, all under
 * virtual time.
 */
export class LinkWorld {
  readonly clock = new VirtualClock();
  readonly random: SeededRandom;
  readonly memory: MemoryStore;
  readonly agents = new Map<string, LinkAgent>();
  presence = new FixedPresence();
  dispatcher: Dispatcher;
  /** Managers that answer; `https://m1:4600` is the first. */
  reachable = true;
  readonly dialled: string[] = [];
  readonly #others: Array<OtherManager & { store: KvClusterStore; kv: ReturnType<MemoryStore['connect']> }> = [];
  #starts = 0;

  private constructor(
    seed: number,
    memory: MemoryStore,
    readonly kv: ReturnType<MemoryStore['connect']>,
    readonly store: KvClusterStore,
    clock: VirtualClock,
  ) {
    this.clock = clock;
    this.memory = memory;
    this.random = new SeededRandom(seed);
    this.dispatcher = this.#makeDispatcher();
  }

  static async make(seed = 1): Promise<LinkWorld> {
    const clock = new VirtualClock();
    const memory = new MemoryStore({ clock });
    const kv = memory.connect();
    const random = new SeededRandom(seed);
    const sealer = aesSealer('00'.repeat(32), random);
    const store = await KvClusterStore.open({ kv, clock, random, log: silentLog, sealer });
    return new LinkWorld(seed, memory, kv, store, clock);
  }

  /** Writes objects as whoever they belong to would. */
  async put<K extends keyof ObjectTypes>(kind: K, ...objects: ObjectTypes[K][]): Promise<void> {
    for (const object of objects) {
      const change = { type: 'put', kind, object, expect: 'any' } as StoreChange;
      await this.store.commit([change]);
    }
  }

  async remove(kind: keyof ObjectTypes, id: string): Promise<void> {
    await this.store.commit([{ type: 'delete', kind, id, expect: 'any' }]);
  }

  task(id: string): ObjectTypes['tasks'] | undefined {
    return this.store.view.get('tasks', id);
  }

  node(id: string): ObjectTypes['nodes'] | undefined {
    return this.store.view.get('nodes', id);
  }

  /** Another manager on the same store; those that know each other by their objects there ask each other directly. */
  async addManager(id: string): Promise<OtherManager> {
    const kv = this.memory.connect();
    const { clock, random } = this;
    const store = await KvClusterStore.open({ kv, clock, random, log: silentLog, sealer: aesSealer('00'.repeat(32), random) });
    const other = { id, kv, store, dispatcher: this.#dispatcherOn(store, new FixedPresence(id)) };
    this.#others.push(other);
    return other;
  }

  /** Adds a node object and starts its agent. */
  async join(nodeId: string, latencyMs = 1): Promise<LinkAgent> {
    await this.put('nodes', sampleNode(nodeId));
    return this.startAgent(nodeId, latencyMs);
  }

  /** @param manager the one that it goes to; the first when absent */
  startAgent(nodeId: string, latencyMs = 1, manager?: OtherManager): LinkAgent {
    const core = new RecordingCore(sampleDescription(`192.0.2.${this.agents.size + 1}`));
    const pairs: SocketPair[] = [];
    const connect = async (url: string, path: string): Promise<SessionSocket> => {
      this.dialled.push(url);
      const { dispatcher } = manager ?? this;
      if (!this.reachable) throw new ConnectError(`${url} cannot be reached`, false);
      const pair = socketPair({ clock: this.clock, latencyMs });
      const streamId = /^\/v1\/agent\/streams\/(.+)$/.exec(path)?.[1];
      if (streamId) dispatcher.acceptStream(pair.server, streamId, nodeId);
      else dispatcher.accept(pair.server, nodeId);
      pairs.push(pair);
      return pair.client;
    };
    const { clock, random } = this;
    const managers = ['https://m1:4600', 'https://m2:4600'];
    const agent = {
      nodeId,
      core,
      pairs,
      session: startSessionOver({ core, clock, random, log: silentLog, managers, connector: { connect } }),
    };
    this.agents.set(nodeId, agent);
    return agent;
  }

  /** The manager's process ends without a word, and another starts on the same store. */
  restartManager(): void {
    for (const agent of this.agents.values()) agent.pairs.at(-1)?.cut();
    void this.dispatcher.stop();
    this.dispatcher = this.#makeDispatcher();
  }

  /** Moves time until the agent has a session and the set that the view gives it. */
  async synced(agent: LinkAgent, limitMs = 20_000): Promise<void> {
    await this.clock.advanceUntil(() => agent.session.state.name === 'open', limitMs, `session of ${agent.nodeId}`);
    await this.clock.advance(200);
  }

  /** What the view says that the node must have, worked out from nothing. */
  expected(nodeId: string): ReturnType<typeof sortedItems> {
    return sortedItems(projectNode(this.store.view, slotIndexOf(this.store.view), nodeId));
  }

  /** Ends everything that runs. */
  async close(): Promise<void> {
    for (const agent of this.agents.values()) void agent.session.stop();
    for (const { dispatcher } of [this, ...this.#others]) void dispatcher.stop();
    await this.clock.advance(10_000);
    for (const { store, kv } of [this, ...this.#others]) {
      store.close();
      await kv.close();
    }
  }

  #makeDispatcher(): Dispatcher {
    this.presence = new FixedPresence(`manager${++this.#starts}`);
    return this.#dispatcherOn(this.store, this.presence);
  }

  #dispatcherOn(store: KvClusterStore, presence: FixedPresence): Dispatcher {
    const { clock, random } = this;
    const peers: Pick<Peers, 'applied'> = {
      applied: ({ id }, ...question) => {
        const { dispatcher } = this.#others.find((other) => other.id === id) ?? this;
        return dispatcher.applied(...question);
      },
    };
    return createDispatcher({ store, presence, peers, clock, random, log: silentLog });
  }
}
