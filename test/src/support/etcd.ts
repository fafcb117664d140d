import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock, until, withDeadline } from '@tessera/kit';

/** Paths of PEM files. The server then asks every client for a certificate of this CA. */
export interface EtcdServerTls {
  caPath: string;
  certPath: string;
  keyPath: string;
}

interface MemberPlan {
  name: string;
  clientPort: number;
  peerPort: number;
}

const READY = /ready to serve client requests|serving client traffic/;
const START_LIMIT_MS = 10_000;
const LOG_CHARACTERS = 4_000;
const FREEZE_LIMIT_MS = 5_000;

/** By the state that the kernel gives for each thread of a process, behind the name in brackets. */
async function isStopped(pid: number): Promise<boolean> {
  const threads = await readdir(`/proc/${pid}/task`);
  const stats = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8').catch(() => '')));
  return stats.every((stat) => stat === '' || /\) T /.test(stat));
}

/**
 * A real etcd from Debian's etcd-server, on loopback, with its data in a folder of its own. It dies with this process,
 * whatever that dies of.
 */
export class EtcdServer {
  readonly #plan: MemberPlan;
  readonly #initialCluster: string;
  readonly #directory: string;
  readonly #tls: EtcdServerTls | undefined;
  readonly #removeDirectory = (): void => rmSync(this.#directory, { recursive: true, force: true });
  #process: ChildProcess | undefined;

  /** Use {@link EtcdServer.start} or {@link EtcdCluster.start}. */
  constructor(plan: MemberPlan, initialCluster: string, directory: string, tls?: EtcdServerTls) {
    this.#plan = plan;
    this.#initialCluster = initialCluster;
    this.#directory = directory;
    this.#tls = tls;
    process.once('exit', this.#removeDirectory);
  }

  /** Starts a single server on free ports. */
  static async start(tls?: EtcdServerTls): Promise<EtcdServer> {
    const [server] = (await EtcdCluster.start(1, tls)).members;
    return server as EtcdServer;
  }

  /** "host:port" for clients. */
  get host(): string {
    return `127.0.0.1:${this.#plan.clientPort}`;
  }

  get port(): number {
    return this.#plan.clientPort;
  }

  /** Starts it again on the same ports and data. Resolves when it serves clients. */
  async restart(): Promise<void> {
    const child = spawn('/usr/bin/setpriv', ['--pdeathsig', 'SIGKILL', '--', '/usr/bin/etcd', ...this.#arguments()], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    let log = '';
    const ready = new Promise<void>((resolve, reject) => {
      child.stderr?.on('data', (chunk: Buffer) => {
        log = (log + chunk.toString()).slice(-LOG_CHARACTERS);
        if (READY.test(log)) resolve();
      });
      child.once('error', reject);
      child.once('exit', (code, signal) => reject(new Error(`etcd ended with ${code ?? signal}: ${log}`)));
    });
    await withDeadline(new SystemClock(), START_LIMIT_MS, ready, () => new Error(`etcd did not become ready: ${log}`));
  }

  /** Kills it as a power cut would, and waits until it is gone. */
  kill9(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /**
   * Stops its process without ending it: it keeps its connections and answers nothing. Waits until each of its threads has stopped: on a busy
   * machine one may answer something after the signal was sent.
   */
  async freeze(): Promise<void> {
    const { pid } = this.#process ?? {};
    if (pid === undefined) return;
    process.kill(pid, 'SIGSTOP');
    await until(() => isStopped(pid), { clock: new SystemClock(), what: 'etcd to stop', limitMs: FREEZE_LIMIT_MS });
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    await this.#end('SIGKILL');
    process.off('exit', this.#removeDirectory);
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await gone;
  }

  #arguments(): string[] {
    const { name, clientPort, peerPort } = this.#plan;
    const clientUrl = `${this.#tls ? 'https' : 'http'}://127.0.0.1:${clientPort}`;
    const peerUrl = peerUrlOf(peerPort);
    const flags = {
      name,
      'data-dir': this.#directory,
      'listen-client-urls': clientUrl,
      'advertise-client-urls': clientUrl,
      'listen-peer-urls': peerUrl,
      'initial-advertise-peer-urls': peerUrl,
      'initial-cluster': this.#initialCluster,
      'heartbeat-interval': '50',
      'election-timeout': '500',
      logger: 'zap',
      'log-outputs': 'stderr',
      ...(this.#tls && {
        'cert-file': this.#tls.certPath,
        'key-file': this.#tls.keyPath,
        'trusted-ca-file': this.#tls.caPath,
        'client-cert-auth': 'true',
      }),
    };
    return Object.entries(flags).map(([flag, value]) => `--${flag}=${value}`);
  }
}

/** Several members that form one cluster. */
export class EtcdCluster {
  readonly members: readonly EtcdServer[];

  private constructor(members: readonly EtcdServer[]) {
    this.members = members;
  }

  static async start(size: number, tls?: EtcdServerTls): Promise<EtcdCluster> {
    const ports = await freePorts(2 * size);
    const plans = Array.from({ length: size }, (_, index): MemberPlan => {
      const [clientPort = 0, peerPort = 0] = ports.slice(2 * index);
      return { name: `member${index}`, clientPort, peerPort };
    });
    const initialCluster = plans.map((plan) => `${plan.name}=${peerUrlOf(plan.peerPort)}`).join(',');
    const members: EtcdServer[] = [];
    for (const plan of plans) {
      const directory = await mkdtemp(join(tmpdir(), 'tessera-etcd-'));
      members.push(new EtcdServer(plan, initialCluster, directory, tls));
    }
    const cluster = new EtcdCluster(members);
    try {
      await Promise.all(members.map((member) => member.restart()));
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  get hosts(): string[] {
    return this.members.map((member) => member.host);
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map((member) => member.stop()));
  }
}

function peerUrlOf(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/** Ports that were free a moment ago, all different. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    if (address && typeof address === 'object') ports.push(address.port);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
