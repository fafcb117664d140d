import type { Transport, TransportRequest } from '@tessera/api';

/** A transport whose requests and streams all end when `signal` is aborted. */
export function interruptible(transport: Transport, signal: AbortSignal): Transport {
  const bound = (request: TransportRequest): TransportRequest => ({
    ...request,
    signal: request.signal ? AbortSignal.any([request.signal, signal]) : signal,
  });
  return {
    request: (request) => transport.request(bound(request)),
    stream: (request) => transport.stream(bound(request)),
  };
}
