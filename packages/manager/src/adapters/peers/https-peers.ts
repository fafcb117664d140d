import {
  ApiError,
  Client,
  fillPath,
  type LogFrame,
  type LogOptions,
  type Manager,
  type ProbeAnswer,
  type ProbeRequest,
  RELAY_FORWARD_PATH,
} from '@tessera/api';
import type { Clock, SessionSocket } from '@tessera/kit';
import { type ClientCredentials, HttpsTransport, openSocket } from '@tessera/kit/transport/index';
import type { ResolvedImage } from '../../ports/dispatcher.js';
import type { Peers } from '../../ports/peers.js';

/** A manager in the same cluster answers at once or not at all; the asker is a person who waits. */
const CONNECT_LIMIT_MS = 2_000;
/** A forwarded connection is there only when the agent has dialled its part. */
const FORWARD_LIMIT_MS = 8_000;

export interface HttpsPeersOptions {
  clock: Clock;
  /** This manager's own, read anew for each connection, since they are renewed. */
  credentials(): ClientCredentials;
}

/** Reaches other managers at the addresses that they tell, as a manager. */
export class HttpsPeers implements Peers {
  readonly #transports = new Set<HttpsTransport>();

  constructor(private readonly options: HttpsPeersOptions) {}

  taskLog(
    manager: Manager,
    nodeId: string,
    taskId: string,
    { stdout: _out, stderr: _err, ...query }: LogOptions,
    signal: AbortSignal,
  ): AsyncIterable<LogFrame> {
    const params = { manager: manager.id, node: nodeId, task: taskId };
    return this.#stream(manager, (client) => client.stream('relayLogs', { params, query }, signal));
  }

  openForward(manager: Manager, nodeId: string, taskId: string, port: number, signal: AbortSignal): Promise<SessionSocket> {
    const path = fillPath(RELAY_FORWARD_PATH, { manager: manager.id, node: nodeId, task: taskId, port: String(port) });
    const options = { path, credentials: this.options.credentials(), limitMs: FORWARD_LIMIT_MS, signal };
    return firstOf(
      atEach(manager, async function* (address) {
        yield await openSocket({ address, ...options });
      }),
    );
  }

  probe(manager: Manager, nodeId: string, request: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer> {
    const params = { manager: manager.id, node: nodeId };
    return this.#ask(manager, (client) => client.call('relayProbe', { params, body: request }, signal));
  }

  applied(manager: Manager, nodeIds: readonly string[], revision: number, signal: AbortSignal): AsyncIterable<string[]> {
    const request = { params: { manager: manager.id }, body: { revision, nodeIds: [...nodeIds] } };
    return this.#stream(manager, (client) => client.stream('relayApplied', request, signal));
  }

  resolveImage(manager: Manager, image: string, signal: AbortSignal): Promise<ResolvedImage> {
    return this.#ask(manager, (client) => client.call('relayImage', { params: { manager: manager.id }, body: { image } }, signal));
  }

  close(): void {
    for (const transport of [...this.#transports]) this.#close(transport);
  }

  #ask<T>(manager: Manager, call: (client: Client) => Promise<T>): Promise<T> {
    return firstOf(
      this.#stream(manager, async function* (client) {
        yield await call(client);
      }),
    );
  }

  #stream<T>(manager: Manager, open: (client: Client) => AsyncIterable<T>): AsyncIterable<T> {
    return atEach(manager, (address) => this.#at(address, open));
  }

  async *#at<T>(address: string, open: (client: Client) => AsyncIterable<T>): AsyncIterable<T> {
    const transport = this.#open(address);
    try {
      yield* open(new Client(transport));
    } finally {
      this.#close(transport);
    }
  }

  #open(address: string): HttpsTransport {
    const { clock, credentials } = this.options;
    const transport = new HttpsTransport({ addresses: [address], credentials: credentials(), clock, connectTimeoutMs: CONNECT_LIMIT_MS });
    this.#transports.add(transport);
    return transport;
  }

  #close(transport: HttpsTransport): void {
    this.#transports.delete(transport);
    transport.close();
  }
}

/**
 * What comes from the first address of the manager at which it answers. Several hosts may have the same address on a bridge of theirs: the one
 * meant may be behind the next.
 */
async function* atEach<T>(manager: Manager, use: (address: string) => AsyncIterable<T>): AsyncIterable<T> {
  const problems: string[] = [];
  for (const address of manager.addresses) {
    let hasBegun = false;
    try {
      for await (const item of use(address)) {
        hasBegun = true;
        yield item;
      }
      return;
    } catch (error) {
      if (hasBegun || !isElsewhere(error)) throw error;
      problems.push(error.message);
    }
  }
  throw unreachable(manager, problems);
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T> {
  for await (const item of items) return item;
  throw new Error('there is no answer');
}

function unreachable({ hostname }: Manager, problems: readonly string[]): ApiError {
  return new ApiError('unavailable', `manager ${hostname}, which serves the node, cannot be reached: ${problems.join('; ')}`, {
    cure: 'start each manager with --advertise and an address at which the others reach it',
  });
}

function isElsewhere(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.code === 'unavailable' || error.code === 'not-found');
}
