import { ApiError, type Transport, type TransportRequest, type TransportResponse } from '@tessera/api';

/** What one answer is made of: a body, an error to answer with, or a function of the request. */
type Answer = unknown | ApiError | ((request: TransportRequest) => unknown);

/** A stream under the test's control: what is pushed is read, until it is ended or broken. */
export class FakeStream {
  readonly #lines: unknown[] = [];
  #error: Error | undefined;
  #ended = false;
  #wake: () => void = () => {};

  push(...lines: unknown[]): void {
    this.#lines.push(...lines);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  break(error: Error): void {
    this.#error = error;
    this.#wake();
  }

  async *read(signal: AbortSignal | undefined): AsyncIterable<unknown> {
    signal?.addEventListener('abort', () => this.#wake());
    for (;;) {
      signal?.throwIfAborted();
      if (this.#lines.length > 0) yield this.#lines.shift();
      else if (this.#error) throw this.#error;
      else if (this.#ended) return;
      else
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
    }
  }
}

/**
 * A strict stand-in for the managers: throws on every request that the test did not announce. The last answer of a route
 * stays; those before it are given once each.
 */
export class FakeTransport implements Transport {
  /** `PUT /v1/stacks/shop?prune=false`, in the order they came. */
  readonly requests: string[] = [];
  readonly bodies: unknown[] = [];
  readonly #answers = new Map<string, Answer[]>();
  readonly #streams = new Map<string, FakeStream[]>();

  /** @param route such as `GET /v1/stacks`, with its query if it has one. */
  on(route: string, ...answers: Answer[]): this {
    this.#answers.set(route, answers);
    return this;
  }

  onStream(route: string, ...streams: FakeStream[]): this {
    this.#streams.set(route, streams);
    return this;
  }

  async request(request: TransportRequest): Promise<TransportResponse> {
    request.signal?.throwIfAborted();
    const answer = take(this.#answers, this.#note(request));
    const value = typeof answer === 'function' ? await (answer as (request: TransportRequest) => unknown)(request) : answer;
    if (value instanceof ApiError && value.code === 'unavailable') throw value;
    if (value instanceof ApiError) return { status: value.status, body: value.toBody() };
    return { status: 200, body: structuredClone(value) };
  }

  stream(request: TransportRequest): AsyncIterable<unknown> {
    return take(this.#streams, this.#note(request)).read(request.signal);
  }

  #note(request: TransportRequest): string {
    const route = `${request.method} ${decodeURIComponent(request.path)}`;
    this.requests.push(route);
    if (request.body !== undefined) this.bodies.push(request.body);
    return route;
  }
}

function take<T>(table: ReadonlyMap<string, T[]>, route: string): T {
  const rest = table.get(route);
  if (rest === undefined || rest.length === 0) throw new Error(`the test did not announce: ${route}`);
  return rest.length === 1 ? (rest[0] as T) : (rest.shift() as T);
}
