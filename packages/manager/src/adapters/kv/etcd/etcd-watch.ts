import { type Clock, jittered, type Log, type Random, type Timer } from '@tessera/kit';
import type { Etcd3, IWatchResponse } from 'etcd3';
import type { KvWatch, WatchOptions } from '../../../ports/kv.js';
import type { Codec } from './codec.js';
import { CALL_DEADLINE_MS, type Endpoints, requireLeader } from './endpoints.js';

export interface EtcdWatchOptions extends WatchOptions {
  prefix: string;
  endpoints: Endpoints;
  codec: Codec;
  clock: Clock;
  random: Random;
  log: Log;
  /** Called once when the watch is over, for whatever reason. */
  onOver(): void;
}

type WatchStream = Awaited<ReturnType<Etcd3['watchClient']['watch']>>;

const FIRST_BACKOFF_MS = 50;
const LAST_BACKOFF_MS = 1_000;

/**
 * A watch over as many streams as it takes. It replaces etcd3's watcher, which resumes at the header's revision and so
 * loses events when its stream is cut: this one resumes after the last event that it delivered, never at a revision
 * that only a notice told.
 */
export class EtcdWatch implements KvWatch {
  readonly #options: EtcdWatchOptions;
  #nextRevision: number;
  #stream: WatchStream | undefined;
  #timer: Timer | undefined;
  #backoffMs = FIRST_BACKOFF_MS;
  #over = false;

  constructor(options: EtcdWatchOptions) {
    this.#options = options;
    this.#nextRevision = options.fromRevision;
    void this.#open();
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#drop();
    this.#options.onOver();
  }

  end(reason: 'compacted' | 'closed'): void {
    if (this.#over) return;
    this.cancel();
    this.#options.onEnd(reason);
  }

  async #open(): Promise<void> {
    const client = this.#options.endpoints.current;
    let stream: WatchStream;
    try {
      stream = await client.watchClient.watch({ interceptors: [requireLeader] });
    } catch (error) {
      this.#retry(client, error);
      return;
    }
    stream.on('error', (error: Error) => this.#lose(client, stream, error));
    stream.on('end', () => this.#lose(client, stream, new Error('the member ended the stream')));
    if (this.#over) return discard(stream);
    this.#stream = stream;
    stream.on('data', (response: IWatchResponse) => this.#receive(client, stream, response));
    this.#timer = this.#options.clock.timer(CALL_DEADLINE_MS, () =>
      this.#lose(client, stream, new Error(`no answer within ${CALL_DEADLINE_MS} ms`)),
    );
    stream.write({ create_request: this.#request() });
  }

  /**
   * Asks for one revision more than is needed: etcd accepts a watch from the very revision of a compaction although
   * the deletes of that revision are forgotten. What was not asked for is dropped on receipt.
   */
  #request(): { key: Buffer; range_end: Buffer; start_revision: number } {
    const { codec, prefix } = this.#options;
    return { ...codec.prefixRange(prefix), start_revision: Math.max(1, this.#nextRevision - 1) };
  }

  #receive(client: Etcd3, stream: WatchStream, response: IWatchResponse): void {
    if (this.#over || stream !== this.#stream) return;
    if (response.created) {
      this.#timer?.cancel();
      this.#backoffMs = FIRST_BACKOFF_MS;
    }
    if (Number(response.compact_revision) > 0) this.end('compacted');
    else if (response.canceled) this.#lose(client, stream, new Error(response.cancel_reason || 'the member cancelled it'));
    else this.#deliver(response);
  }

  #deliver(response: IWatchResponse): void {
    const fresh = response.events.filter((event) => Number(event.kv.mod_revision) >= this.#nextRevision);
    const last = fresh.at(-1);
    if (!last) return;
    const revision = Number(last.kv.mod_revision);
    this.#nextRevision = revision + 1;
    this.#options.onEvents(
      fresh.map((event) => this.#options.codec.event(event)),
      revision,
    );
  }

  #lose(client: Etcd3, stream: WatchStream, error: Error): void {
    if (this.#over || stream !== this.#stream) return;
    this.#drop();
    this.#retry(client, error);
  }

  #retry(client: Etcd3, error: unknown): void {
    if (this.#over) return;
    const { endpoints, clock, random, log, prefix } = this.#options;
    endpoints.leave(client);
    const delayMs = jittered(random, this.#backoffMs);
    const nextBackoffMs = Math.min(2 * this.#backoffMs, LAST_BACKOFF_MS);
    // A lost stream is nothing special; that several attempts failed should be told, once.
    const isOutage = nextBackoffMs === LAST_BACKOFF_MS && this.#backoffMs < LAST_BACKOFF_MS;
    this.#backoffMs = nextBackoffMs;
    const fields = { error, prefix, nextRevision: this.#nextRevision };
    if (isOutage) log.warn(fields, 'a watch of etcd cannot be opened again, and goes on trying');
    else log.debug(fields, 'a watch of etcd lost its stream and opens another');
    this.#timer = clock.timer(delayMs, () => void this.#open());
  }

  #drop(): void {
    this.#timer?.cancel();
    const stream = this.#stream;
    this.#stream = undefined;
    if (stream) discard(stream);
  }
}

/** Ended before it is cancelled, lest etcd3 take the cancellation for a fault of the member and drop its connections. */
function discard(stream: WatchStream): void {
  stream.end();
  stream.cancel();
}
