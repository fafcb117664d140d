import { ApiError, type LogFrame, type LogOptions, type ManagerMessage, parseLogFrame } from '@tessera/api';
import { CLOSE_CODES, type Clock, newId, type Random, type SessionSocket, withDeadline } from '@tessera/kit';
import { FrameQueue } from './frame-queue.js';

export interface LogRelayOptions {
  clock: Clock;
  random: Random;
  /** How long a node has to dial a stream, in milliseconds. */
  dialLimitMs: number;
}

interface Expected {
  nodeId: string;
  connected(socket: SessionSocket): void;
}

/** Asks agents to dial log streams and passes on what comes, no faster than it is read. */
export class LogRelay {
  readonly #expected = new Map<string, Expected>();

  constructor(private readonly options: LogRelayOptions) {}

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
   * The frames of one task's log, `end` or `error` last.
   * @param send hands a message to the node's session; `undefined` when the node has none
   */
  async *open(
    node: { id: string; name: string },
    taskId: string,
    options: LogOptions,
    signal: AbortSignal,
    send?: (message: ManagerMessage) => void,
  ): AsyncIterable<LogFrame> {
    if (!send) return yield { type: 'error', message: `node ${node.name} is not connected` };
    const streamId = newId(this.options.random);
    const dialled = this.#expect(streamId, node.id);
    send({ type: 'open-logs', streamId, taskId, options });
    let socket: SessionSocket;
    try {
      socket = await this.#dialled(dialled, signal);
    } catch {
      if (!signal.aborted) yield { type: 'error', message: `node ${node.name} does not answer` };
      return;
    } finally {
      this.#expected.delete(streamId);
    }
    yield* this.#frames(socket, node.name, signal);
  }

  #expect(streamId: string, nodeId: string): Promise<SessionSocket> {
    return new Promise((resolve) => this.#expected.set(streamId, { nodeId, connected: resolve }));
  }

  #dialled(dialled: Promise<SessionSocket>, signal: AbortSignal): Promise<SessionSocket> {
    const aborted = new Promise<never>((_, reject) => {
      if (signal.aborted) reject(signal.reason);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    const { clock, dialLimitMs } = this.options;
    return withDeadline(
      clock,
      dialLimitMs,
      Promise.race([dialled, aborted]),
      () => new ApiError('timeout', 'the node did not dial the stream'),
    );
  }

  async *#frames(socket: SessionSocket, nodeName: string, signal: AbortSignal): AsyncIterable<LogFrame> {
    const queue = new FrameQueue(socket);
    const onAbort = (): void => queue.end();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.onMessage((text) => queue.push(frameOf(text)));
    socket.onClose(() => {
      queue.push({ type: 'error', message: `the log stream of node ${nodeName} broke off` });
      queue.end();
    });
    try {
      for await (const frame of queue) {
        if (signal.aborted) return;
        yield frame;
        if (frame.type !== 'line') return;
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
      socket.close(CLOSE_CODES.normal, 'read to its end');
    }
  }
}

function frameOf(text: string): LogFrame {
  try {
    return parseLogFrame(text);
  } catch (error) {
    return { type: 'error', message: (error as Error).message };
  }
}
