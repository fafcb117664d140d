import { readFile } from 'node:fs/promises';
import { SeededRandom, type SessionSocket, SystemClock, SystemRandom, silentLog, until } from '@tessera/kit';
import { type Authority, initCluster, type NewCluster, pkiPaths, readClusterFile } from '@tessera/kit/pki/index';
import { MemoryStore } from '@tessera/manager/adapters/kv/memory/memory-store';
import { HttpsPeers } from '@tessera/manager/adapters/peers/https-peers';
import { createDispatcher } from '@tessera/manager/dispatcher/index';
import { type ApiServer, createApiServer } from '@tessera/manager/http/server';
import type { Dispatcher } from '@tessera/manager/ports/dispatcher';
import { KvClusterStore } from '@tessera/manager/state/cluster-store';
import { aesSealer } from '@tessera/manager/state/seal';
import { FixedPresence } from '@tessera/manager/state/testing/fixed-presence';
import { ensureCluster } from '@tessera/manager/use-case/cluster';

const clock = new SystemClock();
const random = new SystemRandom();

/** A manager's API and dispatcher over real TLS on loopback, with a store in memory that outlives restarts of them. */
export class TlsManager {
  port = 0;
  /** Open sessions of agents, to be cut. */
  readonly sockets: SessionSocket[] = [];
  #server: ApiServer | undefined;
  #dispatcher: Dispatcher | undefined;

  private constructor(
    private readonly dataDir: string,
    readonly cluster: NewCluster,
    readonly authority: Authority,
    readonly store: KvClusterStore,
    private readonly kv: ReturnType<MemoryStore['connect']>,
  ) {}

  /** Makes a cluster in `dataDir` and serves it. */
  static async start(dataDir: string): Promise<TlsManager> {
    const cluster = await initCluster({ dataDir, name: 'test', addresses: ['manager.invalid'], clock, random });
    const paths = pkiPaths(dataDir);
    const authority = { certificate: cluster.admin.ca, key: await readFile(paths.caKey, 'utf8') };
    const kv = new MemoryStore({ clock }).connect();
    const sealer = aesSealer('11'.repeat(32), new SeededRandom(1));
    const store = await KvClusterStore.open({ kv, clock, random, log: silentLog, sealer });
    const manager = new TlsManager(dataDir, cluster, authority, store, kv);
    const { clusterId, name, tokenHashes, addressPool } = (await readClusterFile(dataDir))!;
    await ensureCluster({ store, clock }, { clusterId, name, tokenHashes, addressPool });
    await manager.serve();
    return manager;
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  get dispatcher(): Dispatcher {
    return this.#dispatcher!;
  }

  /** Serves on the port that it had, or a free one. */
  async serve(): Promise<void> {
    const paths = pkiPaths(this.dataDir);
    const [certificate, key] = [await readFile(paths.managerCertificate, 'utf8'), await readFile(paths.managerKey, 'utf8')];
    const { store, authority, sockets } = this;
    const presence = new FixedPresence();
    const peers = new HttpsPeers({ clock, credentials: () => ({ certificate, key, ca: authority.certificate }) });
    const made = createDispatcher({ store, presence, peers, clock, random, log: silentLog });
    const dispatcher: Dispatcher = {
      accept: (socket, nodeId) => {
        sockets.push(socket);
        made.accept(socket, nodeId);
      },
      acceptStream: (...parts) => made.acceptStream(...parts),
      openLogs: (...parts) => made.openLogs(...parts),
      probe: (...parts) => made.probe(...parts),
      openForward: (...parts) => made.openForward(...parts),
      applied: (...parts) => made.applied(...parts),
      untilApplied: (...parts) => made.untilApplied(...parts),
      resolveImage: (image) => made.resolveImage(image),
      stop: () => made.stop(),
    };
    this.#dispatcher = dispatcher;
    const environment = { clock, random, log: silentLog, authority };
    const context = { store, dispatcher, presence, peers, ...environment, storeKind: 'memory' as const, isLeader: () => true };
    this.#server = await createApiServer(context, { certificate, key, ca: authority.certificate });
    this.port = (await this.#server.listen('127.0.0.1', this.port)).port;
  }

  /** Ends the API and the dispatcher; the store stays. */
  async pause(): Promise<void> {
    await this.#dispatcher?.stop();
    await this.#server?.close();
    this.sockets.length = 0;
  }

  async stop(): Promise<void> {
    await this.pause();
    this.store.close();
    await this.kv.close();
  }

  /** Waits until the node has this state. */
  async nodeIs(nodeId: string, state: string, limitMs = 8_000): Promise<void> {
    await until(() => this.store.view.get('nodes', nodeId)?.status.state === state, {
      clock,
      what: `node ${nodeId} to be ${state}`,
      limitMs,
    });
  }
}
