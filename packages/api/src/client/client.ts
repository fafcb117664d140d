import { ApiError, type ErrorBody } from '../error/error.js';
import { fillPath, type RequestOf, type ResponseOf, type RouteDefinition } from '../route/route.js';
import { ROUTES, type RouteName, type Routes } from '../route/routes.js';

export interface TransportRequest {
  method: string;
  /** Path with its query. */
  path: string;
  body?: unknown;
  signal?: AbortSignal;
}

export interface TransportResponse {
  status: number;
  /** Parsed JSON of the answer. */
  body: unknown;
}

/** Carries requests to a manager. @throws ApiError `unavailable` when none can be reached. */
export interface Transport {
  request(request: TransportRequest): Promise<TransportResponse>;
  /** Lines of newline-delimited JSON, parsed. An error status throws the ApiError of its body. */
  stream(request: TransportRequest): AsyncIterable<unknown>;
}

type StreamName = { [Name in RouteName]: Routes[Name] extends { stream: true } ? Name : never }[RouteName];
type CallName = Exclude<RouteName, StreamName>;
interface Parts {
  params?: Record<string, string>;
  query?: Record<string, unknown>;
  body?: unknown;
}

/** The API as typed calls: `client.call('getStack', { params: { ref: 'shop' } })`. */
export class Client {
  constructor(private readonly transport: Transport) {}

  /** @throws ApiError as the manager answered it. */
  async call<Name extends CallName>(name: Name, request: RequestOf<Routes[Name]>, signal?: AbortSignal): Promise<ResponseOf<Routes[Name]>> {
    const { status, body } = await this.transport.request(toTransport(ROUTES[name], request as Parts, signal));
    if (status >= 400) throw ApiError.fromBody(body as ErrorBody);
    return body as ResponseOf<Routes[Name]>;
  }

  /** @throws ApiError as the manager answered it. */
  stream<Name extends StreamName>(
    name: Name,
    request: RequestOf<Routes[Name]>,
    signal?: AbortSignal,
  ): AsyncIterable<ResponseOf<Routes[Name]>> {
    return this.transport.stream(toTransport(ROUTES[name], request as Parts, signal)) as AsyncIterable<ResponseOf<Routes[Name]>>;
  }
}

function toTransport(route: RouteDefinition, parts: Parts, signal: AbortSignal | undefined): TransportRequest {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parts.query ?? {})) {
    if (value !== undefined) query.set(key, String(value));
  }
  const suffix = query.size > 0 ? `?${query}` : '';
  return {
    method: route.method,
    path: fillPath(route.path, parts.params) + suffix,
    ...(parts.body !== undefined && { body: parts.body }),
    ...(signal && { signal }),
  };
}
