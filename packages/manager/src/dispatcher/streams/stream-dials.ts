import { ApiError } from '@tessera/api';
import { CLOSE_CODES, type Clock, newId, type Random, type SessionSocket, unlessAborted, withDeadline } from '@tessera/kit';

export interface StreamDialsOptions {
  clock: Clock;
  random: Random;
  /** How long a node has to dial a stream, in milliseconds. */
  dialLimitMs: number;
}

interface Expected {
  nodeId: string;
  connected(socket: SessionSocket): void;
}

/** Streams that agents were asked to dial and have not dialled yet. */
export class StreamDials {
  readonly #expected = new Map<string, Expected>();

  constructor(private readonly options: StreamDialsOptions) {}

  /** Takes over a stream that was asked for; another is closed. */
  accept(socket: SessionSocket, streamId: string, nodeId: string): void {
    const expected = this.#expected.get(streamId);
    if (expected?.nodeId !== nodeId) {
      socket.close(CLOSE_CODES.policyViolation, 'nobody waits for this stream');
      return;
    }
    this.#expected.delete(streamId);
    expected.connected(socket);
  }

  /**
   * Asks a node for a stream and waits for it.
   * @param ask hands the node the id to dial with
   * @throws ApiError `timeout` when it does not dial; the reason of `signal` when that is aborted
   */
  async dialled(nodeId: string, ask: (streamId: string) => void, signal: AbortSignal): Promise<SessionSocket> {
    const streamId = newId(this.options.random);
    const dialled = new Promise<SessionSocket>((resolve) => this.#expected.set(streamId, { nodeId, connected: resolve }));
    ask(streamId);
    try {
      return await this.#withinLimit(dialled, signal);
    } finally {
      this.#expected.delete(streamId);
    }
  }

  #withinLimit(dialled: Promise<SessionSocket>, signal: AbortSignal): Promise<SessionSocket> {
    const { clock, dialLimitMs } = this.options;
    const isLate = (): ApiError => new ApiError('timeout', 'the node did not dial the stream');
    return withDeadline(clock, dialLimitMs, unlessAborted(signal, dialled), isLate);
  }
}
