import { type LogFrame, type LogOptions, type ManagerMessage, parseLogFrame } from '@tessera/api';
import { CLOSE_CODES, type SessionSocket } from '@tessera/kit';
import type { StreamDials } from '../streams/stream-dials.js';
import { FrameQueue } from './frame-queue.js';

/** Asks agents to dial log streams and passes on what comes, no faster than it is read. */
export class LogRelay {
  constructor(private readonly dials: StreamDials) {}

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
    let socket: SessionSocket;
    try {
      socket = await this.dials.dialled(node.id, (streamId) => send({ type: 'open-logs', streamId, taskId, options }), signal);
    } catch {
      if (!signal.aborted) yield { type: 'error', message: `node ${node.name} does not answer` };
      return;
    }
    yield* this.#frames(socket, node.name, signal);
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
