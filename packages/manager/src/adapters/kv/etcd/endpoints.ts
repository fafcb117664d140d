import { type CallOptions, InterceptingCall, type Interceptor } from '@grpc/grpc-js';
import type { Clock } from '@tessera/kit';
import { noop } from 'cockatiel';
import { Etcd3 } from 'etcd3';
import { KvError } from '../../../ports/kv.js';
import { toKvError } from './etcd-errors.js';

/** Certificates in PEM. Without a client certificate the server must not ask for one. */
export interface EtcdTls {
  ca: string;
  cert?: string;
  key?: string;
}

type Call<T> = (client: Etcd3, options: CallOptions) => Promise<T>;

/** Time that one member gets to answer. etcd3 sets none: with a frozen member calls would hang for ever. */
export const CALL_DEADLINE_MS = 2_000;

const GRPC_OPTIONS = {
  // A reply may be of any size: at 4 MB, the default, a list fails.
  'grpc.max_receive_message_length': -1,
  // Finds a dead line under a quiet watch. etcd ends connections that ask more often than every 5 s.
  'grpc.keepalive_time_ms': 6_000,
  'grpc.keepalive_timeout_ms': 2_000,
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.min_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // Nobody but us repeats a request.
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
};

/**
 * Makes a member that is cut off from the cluster's leader say so at once: otherwise a watch stays silent and a write
 * ends with its deadline and an unknown outcome.
 */
export const requireLeader: Interceptor = (options, nextCall) =>
  new InterceptingCall(nextCall(options), {
    start: (metadata, listener, next) => {
      metadata.set('hasleader', 'true');
      next(metadata, listener);
    },
  });

/** The members of an etcd cluster, of which one is talked to until it fails. */
export class Endpoints {
  readonly #clock: Clock;
  readonly #clients: readonly Etcd3[];
  #current = 0;
  #closed = false;

  /** @param hosts as "host:port". */
  constructor(hosts: readonly string[], clock: Clock, tls?: EtcdTls | 'system-roots') {
    this.#clock = clock;
    this.#clients = hosts.map((host) => connect(host, tls));
  }

  /** The member that is talked to now. */
  get current(): Etcd3 {
    return this.#clients[this.#current] as Etcd3;
  }

  /** Leaves a member that failed for the next one, unless somebody did before. */
  leave(client: Etcd3): void {
    if (client === this.current) this.#current = (this.#current + 1) % this.#clients.length;
  }

  /**
   * Makes a call that changes nothing or may be repeated; asks each member in turn.
   * @throws KvError `unavailable` when none answered, or what etcd refused it with.
   */
  read<T>(call: Call<T>, deadlineMs = CALL_DEADLINE_MS): Promise<T> {
    return this.#attempt('read', call, deadlineMs);
  }

  /**
   * Makes a call that must not happen twice: it goes to another member only when it certainly did nothing.
   * @throws KvError `unavailable`, `unknown`, or what etcd refused it with.
   */
  write<T>(call: Call<T>): Promise<T> {
    return this.#attempt('write', call, CALL_DEADLINE_MS);
  }

  close(): void {
    this.#closed = true;
    for (const client of this.#clients) client.close();
  }

  async #attempt<T>(kind: 'read' | 'write', call: Call<T>, deadlineMs: number): Promise<T> {
    // Even a single member is asked twice: the first time may only show that an old connection is gone.
    for (let left = Math.max(2, this.#clients.length); ; left--) {
      this.checkOpen();
      const client = this.current;
      try {
        return await call(client, { deadline: this.#clock.now() + deadlineMs, interceptors: [requireLeader] });
      } catch (error) {
        const failure = toKvError(error, kind);
        if (failure.code === 'unavailable' || failure.code === 'unknown') this.leave(client);
        if (failure.code !== 'unavailable' || left <= 1) throw failure;
      }
    }
  }

  /** @throws KvError `closed`. */
  checkOpen(): void {
    if (this.#closed) throw new KvError('closed', 'the store is closed');
  }
}

/** etcd3's own retries and circuit breakers are off: they apply a write twice, and report a swap that succeeded as failed. */
function connect(host: string, tls: EtcdTls | 'system-roots' | undefined): Etcd3 {
  return new Etcd3({
    hosts: tls ? `https://${host}` : `http://${host}`,
    ...(tls && tls !== 'system-roots' && { credentials: credentialsOf(tls) }),
    grpcOptions: GRPC_OPTIONS,
    faultHandling: { host: () => noop, global: noop },
  });
}

function credentialsOf(tls: EtcdTls): { rootCertificate: Buffer; certChain?: Buffer; privateKey?: Buffer } {
  return {
    rootCertificate: Buffer.from(tls.ca),
    ...(tls.cert !== undefined && { certChain: Buffer.from(tls.cert) }),
    ...(tls.key !== undefined && { privateKey: Buffer.from(tls.key) }),
  };
}
