import { ApiError, Client, type LogFrame, type LogOptions, type Manager, type ProbeAnswer, type ProbeRequest } from '@tessera/api';
import type { Clock } from '@tessera/kit';
import { type ClientCredentials, HttpsTransport } from '@tessera/kit/transport/index';
import type { ResolvedImage } from '../../ports/dispatcher.js';
import type { Peers } from '../../ports/peers.js';

/** A manager in the same cluster answers at once or not at all; the asker is a person who waits. */
const CONNECT_LIMIT_MS = 2_000;

export interface HttpsPeersOptions {
  clock: Clock;
  /** This manager's own, read anew for each connection, since they are renewed. */
  credentials(): ClientCredentials;
}

/** Reaches other managers at the addresses that they tell, as a manager. */
export class HttpsPeers implements Peers {
  readonly #transports = new Set<HttpsTransport>();

  constructor(private readonly options: HttpsPeersOptions) {}

  async *taskLog(
    manager: Manager,
    nodeId: string,
    taskId: string,
    { stdout: _out, stderr: _err, ...query }: LogOptions,
    signal: AbortSignal,
  ): AsyncIterable<LogFrame> {
    const params = { manager: manager.id, node: nodeId, task: taskId };
    const problems: string[] = [];
    for (const address of manager.addresses) {
      const transport = this.#open(address);
      try {
        return yield* new Client(transport).stream('relayLogs', { params, query }, signal);
      } catch (error) {
        // Several hosts may have the same address on a bridge of theirs: the one meant may be behind the next.
        if (!isElsewhere(error)) throw error;
        problems.push(error.message);
      } finally {
        this.#close(transport);
      }
    }
    throw unreachable(manager, problems);
  }

  probe(manager: Manager, nodeId: string, request: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer> {
    const params = { manager: manager.id, node: nodeId };
    return this.#ask(manager, (client) => client.call('relayProbe', { params, body: request }, signal));
  }

  resolveImage(manager: Manager, image: string, signal: AbortSignal): Promise<ResolvedImage> {
    return this.#ask(manager, (client) => client.call('relayImage', { params: { manager: manager.id }, body: { image } }, signal));
  }

  close(): void {
    for (const transport of [...this.#transports]) this.#close(transport);
  }

  async #ask<T>(manager: Manager, call: (client: Client) => Promise<T>): Promise<T> {
    const problems: string[] = [];
    for (const address of manager.addresses) {
      const transport = this.#open(address);
      try {
        return await call(new Client(transport));
      } catch (error) {
        if (!isElsewhere(error)) throw error;
        problems.push(error.message);
      } finally {
        this.#close(transport);
      }
    }
    throw unreachable(manager, problems);
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

function unreachable({ hostname }: Manager, problems: readonly string[]): ApiError {
  return new ApiError('unavailable', `manager ${hostname}, which serves the node, cannot be reached: ${problems.join('; ')}`, {
    cure: 'start each manager with --advertise and an address at which the others reach it',
  });
}

function isElsewhere(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.code === 'unavailable' || error.code === 'not-found');
}
