import { randomUUID } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, defaultService, type ServiceSpec, type StackSpec } from '@tessera/api';
import { type Clock, SystemClock, SystemRandom, silentLog } from '@tessera/kit';
import {
  type Authority,
  type CertificateRole,
  createAuthority,
  initCluster,
  issue,
  type NewCluster,
  pkiPaths,
} from '@tessera/kit/pki/index';
import { HttpsTransport } from '@tessera/kit/transport/index';
import { startManager } from '@tessera/manager/daemon/manager';
import { DISPATCHER_TIMES } from '@tessera/manager/dispatcher/index';

const random = new SystemRandom();
const clock = new SystemClock();

/** A manager in this process, on a port of its own on loopback, and clients for it. */
export class TestManager {
  #manager: Awaited<ReturnType<typeof startManager>> | undefined;
  readonly #transports: HttpsTransport[] = [];

  private constructor(
    readonly dataDir: string,
    readonly cluster: NewCluster,
    readonly authority: Authority,
    private readonly store: string,
  ) {}

  /** @param store as on the command line; absent: embedded, in the data directory. */
  static async start({ store }: { store?: string } = {}): Promise<TestManager> {
    const dataDir = join(tmpdir(), `tessera-manager-test-${randomUUID()}`);
    const cluster = await initCluster({ dataDir, name: 'testing', addresses: ['127.0.0.1'], clock, random });
    const authority = { certificate: cluster.admin.ca, key: await readFile(pkiPaths(dataDir).caKey, 'utf8') };
    const manager = new TestManager(dataDir, cluster, authority, store ?? `embedded:${dataDir}/store`);
    try {
      await manager.run();
    } catch (error) {
      await manager.remove();
      throw error;
    }
    return manager;
  }

  /** Starts it, or starts it again on the same data. */
  async run(): Promise<void> {
    const options = {
      dataDir: this.dataDir,
      store: this.store,
      listen: { host: '127.0.0.1', port: 0 },
      advertise: [],
      nodeTimeoutMs: DISPATCHER_TIMES.nodeTimeoutMs,
    };
    this.#manager = await startManager({ ...options, logLevel: 'error' }, { clock, random, log: silentLog });
  }

  /** Another manager of the same cluster, with the same keys and store. */
  async twin(): Promise<TestManager> {
    const twin = new TestManager(this.dataDir, this.cluster, this.authority, this.store);
    await twin.run();
    return twin;
  }

  async stop(): Promise<void> {
    for (const transport of this.#transports.splice(0)) transport.close();
    await this.#manager?.stop();
    this.#manager = undefined;
  }

  async remove(): Promise<void> {
    await this.stop();
    await rm(this.dataDir, { recursive: true, force: true });
  }

  get address(): string {
    return `127.0.0.1:${this.#manager?.port}`;
  }

  transport(credentials: { certificate?: string; key?: string }): HttpsTransport {
    const transport = new HttpsTransport({ addresses: [this.address], credentials: { ca: this.cluster.admin.ca, ...credentials }, clock });
    this.#transports.push(transport);
    return transport;
  }

  client(credentials: { certificate?: string; key?: string } = this.cluster.admin): Client {
    return new Client(this.transport(credentials));
  }

  /** A certificate of this cluster. */
  issue(role: CertificateRole, { id = 'somebody', lifeMs = 60_000, at = clock }: { id?: string; lifeMs?: number; at?: Clock } = {}) {
    return issue({ authority: this.authority, subject: { id, clusterId: this.cluster.clusterId, role }, lifeMs, clock: at, random });
  }
}

/** A certificate of a cluster that has nothing to do with the one under test. */
export async function foreignCertificate(): Promise<{ certificate: string; key: string }> {
  const authority = await createAuthority({ clusterId: 'foreign', clock, random });
  return issue({ authority, subject: { id: 'admin', clusterId: 'foreign', role: 'admin' }, lifeMs: 60_000, clock, random });
}

export function service(name: string, changes: Partial<ServiceSpec> = {}): ServiceSpec {
  return { ...defaultService(name, 'example/web:1'), ...changes };
}

export function stack(name: string, changes: Partial<StackSpec> = {}): StackSpec {
  return { name, services: [], networks: [], configs: [], secrets: [], ...changes };
}
