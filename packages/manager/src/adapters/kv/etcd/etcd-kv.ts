import type { Clock, Log, Random } from '@tessera/kit';
import type { Etcd3, IRangeRequest, IRangeResponse } from 'etcd3';
import {
  type Kv,
  type KvEntry,
  KvError,
  type KvLease,
  type KvRange,
  type KvTxn,
  type KvTxnResult,
  type KvWatch,
  type RangeOptions,
  type WatchOptions,
} from '../../../ports/kv.js';
import { firstKey } from '../engine/key-order.js';
import { LeaseKeeper } from '../engine/lease-keeper.js';
import { checkKey, checkRange, checkTextTxn, checkTtl } from '../engine/txn-rules.js';
import { Codec } from './codec.js';
import { Endpoints, type EtcdTls } from './endpoints.js';
import { EtcdWatch } from './etcd-watch.js';
import { keepAliveOnce } from './keep-alive.js';

export interface EtcdKvOptions {
  /** The members, as "host:port". */
  hosts: readonly string[];
  /** Certificates, or the system's roots for a server with a public one; plain TCP without it. */
  tls?: EtcdTls | 'system-roots';
  /** What all keys begin with in etcd, so that several clusters can share one. */
  namespace?: string;
  clock: Clock;
  random: Random;
  log: Log;
}

/** Keys asked for at a time: a list of any length never needs one reply of any length. */
const PAGE_ENTRIES = 1_000;
const DEFAULT_NAMESPACE = '/tessera/';
/** An int64 that no etcd lease can have. */
const LEASE_ID = /^[0-9]{1,19}$/;

/** The store in an etcd cluster (v3 API, tried with etcd 3.4). */
export class EtcdKv implements Kv {
  readonly keepsObjects = false;
  readonly #options: EtcdKvOptions;
  readonly #endpoints: Endpoints;
  readonly #codec: Codec;
  readonly #watches = new Set<EtcdWatch>();
  readonly #keepers = new Set<LeaseKeeper>();
  #closed = false;

  constructor(options: EtcdKvOptions) {
    this.#options = options;
    this.#endpoints = new Endpoints(options.hosts, options.clock, options.tls);
    this.#codec = new Codec(options.namespace ?? DEFAULT_NAMESPACE);
  }

  async get(key: string): Promise<KvEntry | undefined> {
    checkKey(key);
    const request = { key: this.#codec.key(key) };
    const { kvs } = await this.#read(request);
    return kvs[0] && this.#codec.entry(kvs[0]);
  }

  async range(prefix: string, options: RangeOptions = {}): Promise<KvRange> {
    checkRange(prefix, options);
    try {
      return await this.#allPages(prefix, options);
    } catch (error) {
      const isCompacted = error instanceof KvError && error.code === 'compacted';
      if (!isCompacted || options.revision !== undefined) throw error;
      // History was compacted between two pages, at a revision that only we chose: begin again at a newer one.
      return this.#allPages(prefix, options);
    }
  }

  async txn(txn: KvTxn): Promise<KvTxnResult> {
    this.#endpoints.checkOpen();
    checkTextTxn(txn);
    for (const op of txn.ops) if (op.type === 'put' && op.leaseId !== undefined) checkLeaseId(op.leaseId);
    const request = {
      compare: txn.compares.map((compare) => this.#codec.compare(compare)),
      success: txn.ops.map((op) => this.#codec.op(op)),
    };
    const reply = await this.#endpoints.write((client, call) => client.kv.txn(request, call));
    return { succeeded: reply.succeeded, revision: Number(reply.header.revision) };
  }

  watch(prefix: string, options: WatchOptions): KvWatch {
    if (this.#closed) {
      queueMicrotask(() => options.onEnd('closed'));
      return { cancel: () => {} };
    }
    const { clock, random, log } = this.#options;
    const watch = new EtcdWatch({
      fromRevision: options.fromRevision,
      onEvents: (events, revision) => options.onEvents(events, revision),
      onEnd: (reason) => options.onEnd(reason),
      prefix,
      endpoints: this.#endpoints,
      codec: this.#codec,
      clock,
      random,
      log,
      onOver: () => this.#watches.delete(watch),
    });
    this.#watches.add(watch);
    return watch;
  }

  async grantLease(ttlMs: number): Promise<KvLease> {
    this.#endpoints.checkOpen();
    checkTtl(ttlMs);
    const { clock } = this.#options;
    const grantedAtMs = clock.monotonic();
    const request = { TTL: Math.ceil(ttlMs / 1000) };
    const { ID: id, TTL: ttlSeconds } = await this.#endpoints.write((client, call) => client.leaseClient.leaseGrant(request, call));
    this.#endpoints.checkOpen();
    const keeper = new LeaseKeeper({
      id,
      ttlMs: Number(ttlSeconds) * 1000,
      clock,
      grantedAtMs,
      renew: (deadlineMs) => this.#endpoints.read((client, call) => keepAliveOnce(client, id, call), deadlineMs),
      revoke: async () => {
        await this.#endpoints.write((client, call) => client.leaseClient.leaseRevoke({ ID: id }, call));
      },
      onStop: () => this.#keepers.delete(keeper),
    });
    this.#keepers.add(keeper);
    return keeper;
  }

  /**
   * Forgets one revision less than it is told: etcd drops the deletes of the very revision it compacts at, and a watch
   * from there must see them. Hence a read of `revision - 1` still succeeds.
   */
  async compact(revision: number): Promise<void> {
    const request = { revision: revision - 1 };
    await this.#endpoints.write((client, call) => client.kv.compact(request, call));
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const keeper of [...this.#keepers]) keeper.stop();
    for (const watch of [...this.#watches]) watch.end('closed');
    this.#endpoints.close();
  }

  async #allPages(prefix: string, options: RangeOptions): Promise<KvRange> {
    const limit = options.limit ?? Number.POSITIVE_INFINITY;
    const entries: KvEntry[] = [];
    let startKey = firstKey(prefix, options.startKey);
    let revision = options.revision;
    for (;;) {
      const page = await this.#page(prefix, startKey, Math.min(PAGE_ENTRIES, limit - entries.length), revision);
      revision ??= Number(page.header.revision);
      for (const keyValue of page.kvs) entries.push(this.#codec.entry(keyValue));
      if (!page.more || entries.length >= limit) return { entries, revision, more: page.more };
      startKey = `${entries.at(-1)?.key}\u0000`;
    }
  }

  async #page(prefix: string, startKey: string, limit: number, revision: number | undefined): Promise<IRangeResponse> {
    const range = this.#codec.prefixRange(prefix, startKey);
    return this.#read({ ...range, ...(Number.isFinite(limit) && { limit }), ...(revision !== undefined && { revision }) });
  }

  #read(request: IRangeRequest): Promise<IRangeResponse> {
    return this.#endpoints.read((client: Etcd3, call) => client.kv.range(request, call));
  }
}

function checkLeaseId(id: string): void {
  if (!LEASE_ID.test(id)) throw new KvError('lease-not-found', `lease ${id} has ended`);
}
