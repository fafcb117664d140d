import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { ApiError, type ErrorBody, type Transport, type TransportRequest, type TransportResponse } from '@tessera/api';
import type { Clock } from '../clock/clock.js';
import { checkManagerIdentity } from '../pki/subject.js';
import { formatAddress, type ManagerAddress, parseAddress } from './address.js';
import { readJson, readLines } from './body.js';
import { cureOfFailure, describeFailure } from './failure.js';

/** What a client shows and trusts: all in PEM. */
export interface ClientCredentials {
  /** The cluster's CA. */
  ca: string;
  certificate?: string | undefined;
  key?: string | undefined;
}

export interface HttpsTransportOptions {
  /** `host`, `host:port` or `https://host:port` of one or more managers: tried in turn, the last that answered first. */
  addresses: readonly string[];
  credentials: ClientCredentials;
  clock: Clock;
  /** Bound for reaching one address; 5 s when absent. */
  connectTimeoutMs?: number;
  /** Bound for the answer once the request was sent; 60 s when absent. Streams: only until the first byte. */
  answerTimeoutMs?: number;
}

/** The connection was never made, so that another manager may be asked. */
class Unreached extends Error {}

/** Carries requests to managers over HTTPS with mutual TLS 1.3. */
export class HttpsTransport implements Transport {
  readonly #options: HttpsTransportOptions;
  readonly #agent: Agent;
  #addresses: ManagerAddress[];

  constructor(options: HttpsTransportOptions) {
    const { ca, certificate, key } = options.credentials;
    this.#options = options;
    this.#addresses = options.addresses.map(parseAddress);
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 32,
      minVersion: 'TLSv1.3',
      ca,
      ...(certificate !== undefined && { cert: certificate }),
      ...(key !== undefined && { key }),
      checkServerIdentity: checkManagerIdentity,
    });
  }

  /** @throws ApiError `unavailable` naming the addresses when none can be reached, `timeout` when the answer does not come. */
  async request(request: TransportRequest): Promise<TransportResponse> {
    const { response } = await this.#send(request);
    return { status: response.statusCode ?? 500, body: await readJson(response, request.signal) };
  }

  /** @throws ApiError of the answer's body, or `unavailable` when the stream breaks. */
  async *stream(request: TransportRequest): AsyncIterable<unknown> {
    const { response } = await this.#send(request);
    try {
      if ((response.statusCode ?? 500) >= 400) throw ApiError.fromBody((await readJson(response, request.signal)) as ErrorBody);
      yield* readLines(response, request.signal);
    } finally {
      response.destroy();
    }
  }

  /** Closes idle and open connections. */
  close(): void {
    this.#agent.destroy();
  }

  async #send(request: TransportRequest): Promise<{ response: IncomingMessage }> {
    const problems: Problem[] = [];
    for (const address of [...this.#addresses]) {
      try {
        const response = await this.#sendTo(address, request);
        this.#addresses = [address, ...this.#addresses.filter((other) => other !== address)];
        return { response };
      } catch (error) {
        if (!(error instanceof Unreached)) throw error;
        problems.push({ text: `${formatAddress(address)}: ${error.message}`, cure: cureOfFailure(error.cause) });
      }
    }
    throw unreachable(this.#addresses, problems);
  }

  #sendTo(address: ManagerAddress, request: TransportRequest): Promise<IncomingMessage> {
    const { clock, connectTimeoutMs = 5_000, answerTimeoutMs = 60_000 } = this.#options;
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    return new Promise((resolve, reject) => {
      let connected = false;
      const outgoing = httpsRequest({
        agent: this.#agent,
        host: address.host,
        port: address.port,
        method: request.method,
        path: request.path,
        headers: {
          accept: 'application/json',
          ...(body !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
        ...(request.signal && { signal: request.signal }),
      });
      let timer = clock.timer(connectTimeoutMs, () => outgoing.destroy(new Error(`no connection within ${connectTimeoutMs} ms`)));
      const onConnected = (): void => {
        connected = true;
        timer.cancel();
        timer = clock.timer(answerTimeoutMs, () => outgoing.destroy(answerTimeout(address, answerTimeoutMs)));
      };
      outgoing.on('socket', (socket) => (outgoing.reusedSocket ? onConnected() : socket.once('secureConnect', onConnected)));
      outgoing.on('response', (response) => {
        timer.cancel();
        resolve(response);
      });
      outgoing.on('error', (error) => {
        timer.cancel();
        reject(failureOf(error, address, connected, request.signal));
      });
      outgoing.end(body);
    });
  }
}

function failureOf(error: Error, address: ManagerAddress, connected: boolean, signal: AbortSignal | undefined): Error {
  if (signal?.aborted) return signal.reason instanceof Error ? signal.reason : error;
  if (error instanceof ApiError) return error;
  if (!connected) return new Unreached(describeFailure(error), { cause: error });
  return new ApiError(
    'unavailable',
    `the manager at ${formatAddress(address)} closed the connection before it answered: ${describeFailure(error)}`,
    {
      cure: 'look whether the request was carried out before you send it again',
      cause: error,
    },
  );
}

function answerTimeout(address: ManagerAddress, limitMs: number): ApiError {
  return new ApiError('timeout', `the manager at ${formatAddress(address)} did not answer within ${limitMs / 1000} s`, {
    cure: 'look whether the request was carried out before you send it again',
  });
}

/** Why one manager could not be reached, and what to do about it. */
interface Problem {
  text: string;
  cure: string;
}

function unreachable(addresses: readonly ManagerAddress[], problems: readonly Problem[]): ApiError {
  const names = addresses.map(formatAddress);
  const message = problems.length === 1 ? `the manager at ${problems[0]?.text}` : `none of the managers ${names.join(', ')} can be reached`;
  return new ApiError('unavailable', message, {
    cure: [...new Set(problems.map(({ cure }) => cure))].join('; or '),
    ...(problems.length > 1 && { details: problems.map(({ text }) => text) }),
  });
}
