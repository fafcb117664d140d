import { hostname, networkInterfaces } from 'node:os';
import { type Clock, type Log, newId, type Random } from '@tessera/kit';
import { Lifecycle } from '@tessera/kit/lifecycle/index';
import { formatAddress } from '@tessera/kit/transport/index';
import { AcmeClient } from '../adapters/acme/acme-client.js';
import { openKv } from '../adapters/kv/open.js';
import { HttpsPeers } from '../adapters/peers/https-peers.js';
import { startControllers } from '../controllers/index.js';
import { createDispatcher } from '../dispatcher/index.js';
import { createApiServer, type ServerCredentials } from '../http/server.js';
import type { Kv } from '../ports/kv.js';
import { KvClusterStore } from '../state/cluster-store.js';
import { Compactor } from '../state/compactor.js';
import { LeaderElection } from '../state/leader.js';
import { LeasedPresence } from '../state/presence.js';
import { aesSealer } from '../state/seal.js';
import { ensureCluster } from '../use-case/cluster.js';
import type { UseCaseContext } from '../use-case/context.js';
import { VERSION } from '../version.js';
import { currentCredentials, loadIdentity, type ManagerIdentity } from './identity.js';
import { leaseTtlMs, type ManagerOptions } from './options.js';

/** How often the manager looks whether its certificate is due. */
const RENEWAL_CHECK_MS = 3_600_000;

const WILDCARDS = ['0.0.0.0', '::'];
const MOST_ADDRESSES = 16;

/** What a manager takes from outside. */
export interface ManagerEnvironment {
  clock: Clock;
  random: Random;
  log: Log;
}

export interface RunningManager {
  /** Where it listens. */
  host: string;
  port: number;
  isLeader(): boolean;
  stop(): Promise<void>;
}

/** Starts all parts of a manager in order. @throws Error that says what is missing; nothing is left running then. */
export async function startManager(options: ManagerOptions, environment: ManagerEnvironment): Promise<RunningManager> {
  const lifecycle = new Lifecycle(environment);
  try {
    return await startParts(options, environment, lifecycle);
  } catch (error) {
    await lifecycle.stop();
    throw error;
  }
}

async function startParts(options: ManagerOptions, environment: ManagerEnvironment, lifecycle: Lifecycle): Promise<RunningManager> {
  const { clock, random, log } = environment;
  const identity = await loadIdentity(options.dataDir);
  const kv = await lifecycle.start(
    'store',
    () => openKv(options.store, environment),
    (opened) => opened.close(),
  );
  const sealer = aesSealer(identity.secretsKey, random);
  const store = await lifecycle.start(
    'state',
    () => KvClusterStore.open({ kv, ...environment, sealer, isSole: storeKind(options.store) !== 'etcd' }),
    (opened) => opened.close(),
  );
  const { name, clusterId, tokenHashes, addressPool } = identity.cluster;
  await ensureCluster({ store, clock }, { name, clusterId, tokenHashes, addressPool });
  const ttlMs = leaseTtlMs(options);
  const presence = await lifecycle.start(
    'presence',
    () => new LeasedPresence({ kv, store, ttlMs, ...environment }),
    (started) => started.stop(),
  );
  const election = makeElection(options, kv, store, identity, environment);
  const credentials = { dataDir: options.dataDir, identity, addresses: addressesOf(options, identity), clock, random };
  const shown = { current: await currentCredentials(credentials) };
  const peers = await lifecycle.start(
    'peers',
    () => new HttpsPeers({ clock, credentials: () => shown.current }),
    (started) => started.close(),
  );
  const dispatcher = await lifecycle.start(
    'dispatcher',
    () =>
      createDispatcher({ store, presence, peers, clock, random, log, times: { nodeTimeoutMs: options.nodeTimeoutMs, unheardMs: ttlMs } }),
    (started) => started.stop(),
  );
  const context: UseCaseContext = {
    store,
    dispatcher,
    presence,
    peers,
    clock,
    random,
    log,
    authority: identity.authority,
    storeKind: storeKind(options.store),
    isLeader: () => election.isLeader,
  };
  const server = await createApiServer(context, shown.current);
  const { host, port } = await lifecycle.start(
    'api',
    () => server.listen(options.listen.host, options.listen.port),
    () => server.close(),
  );
  presence.start({ hostname: hostname(), addresses: reachableAt(options, port), version: VERSION });
  await lifecycle.start(
    'certificate renewal',
    () => renewRegularly(credentials, environment, (renewed) => server.renewCredentials((shown.current = renewed))),
    (stop) => stop(),
  );
  await lifecycle.start(
    'election',
    () => election.start(),
    () => election.stop(),
  );
  return { host, port, isLeader: () => election.isLeader, stop: () => lifecycle.stop() };
}

function makeElection(
  options: ManagerOptions,
  kv: Kv,
  store: KvClusterStore,
  identity: ManagerIdentity,
  environment: ManagerEnvironment,
): LeaderElection {
  return new LeaderElection({
    kv,
    key: store.keys.leader,
    candidate: `${identity.managerId}.${newId(environment.random)}@${hostname()}`,
    ttlMs: leaseTtlMs(options),
    ...environment,
    lead: (fence) => {
      const controllers = startControllers({ ...environment, acme: new AcmeClient(environment.clock), store: store.fenced(() => [fence]) });
      // The other stores compact themselves.
      const compactor =
        storeKind(options.store) === 'etcd' ? new Compactor({ kv, revision: () => store.view.revision, ...environment }) : undefined;
      return { stop: async () => void (await Promise.all([controllers.stop(), compactor?.stop()])) };
    },
  });
}

/** Looks at the certificate now and then, and serves the new one when it was renewed. */
function renewRegularly(
  options: Parameters<typeof currentCredentials>[0],
  { clock, log }: ManagerEnvironment,
  renew: (credentials: ServerCredentials) => void,
): () => void {
  const check = async (): Promise<void> => {
    try {
      renew(await currentCredentials(options));
    } catch (error) {
      log.error({ error }, 'the certificate of the manager cannot be renewed, trying again in an hour');
    }
    if (!isStopped) timer = clock.timer(RENEWAL_CHECK_MS, () => void check());
  };
  let isStopped = false;
  let timer = clock.timer(RENEWAL_CHECK_MS, () => void check());
  return () => {
    isStopped = true;
    timer.cancel();
  };
}

function addressesOf({ advertise }: ManagerOptions, { cluster }: ManagerIdentity): string[] {
  return [...new Set([...cluster.addresses, ...advertise, 'localhost', '127.0.0.1'])];
}

/** Where other managers reach this one: as it is told to be reached, and at this host's own addresses. */
function reachableAt({ advertise, listen }: ManagerOptions, port: number): string[] {
  const own = WILDCARDS.includes(listen.host) ? hostAddresses() : [listen.host];
  return [...new Set([...advertise, ...own])].slice(0, MOST_ADDRESSES).map((host) => formatAddress({ host, port }));
}

function hostAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((addresses = []) =>
    addresses.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address),
  );
}

function storeKind(url: string): UseCaseContext['storeKind'] {
  if (url.startsWith('memory:')) return 'memory';
  return url.startsWith('embedded:') ? 'embedded' : 'etcd';
}
