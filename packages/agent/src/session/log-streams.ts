import { fillPath, type LogFrame, type ManagerMessage, STREAM_PATH } from '@tessera/api';
import { CLOSE_CODES, type Clock, type Log, type SessionSocket, sleep } from '@tessera/kit';
import type { AgentCore } from '../ports/core.js';
import type { Connector } from './connector.js';

type OpenLogs = Extract<ManagerMessage, { type: 'open-logs' }>;

export interface LogStreamsOptions {
  core: AgentCore;
  connector: Connector;
  clock: Clock;
  log: Log;
}

/** Above this, lines wait until the kernel has taken what was sent. */
const MAX_BUFFERED_BYTES = 256 * 1024;
const DRAIN_LOOK_MS = 5;
/** More streams at a time are refused: a node serves its containers first. */
const MAX_STREAMS = 128;

/** Dials the log streams that a manager asks for and sends lines as fast as they are read. */
export class LogStreams {
  readonly #streams = new Set<AbortController>();

  constructor(private readonly options: LogStreamsOptions) {}

  /** Serves one request on a connection of its own to the manager that asked. Never throws. */
  async serve(manager: string, request: OpenLogs): Promise<void> {
    const { connector, log } = this.options;
    try {
      const socket = await connector.connect(manager, fillPath(STREAM_PATH, { id: request.streamId }));
      await this.#send(socket, request);
    } catch (error) {
      log.warn({ error, manager, taskId: request.taskId }, 'a log stream could not be opened');
    }
  }

  /** Ends all streams. */
  stop(): void {
    for (const stream of this.#streams) stream.abort();
  }

  async #send(socket: SessionSocket, { taskId, options }: OpenLogs): Promise<void> {
    const stream = new AbortController();
    const put = (frame: LogFrame): void => socket.send(JSON.stringify(frame));
    socket.onClose(() => stream.abort());
    socket.onMessage(() => {});
    if (this.#streams.size >= MAX_STREAMS) {
      put({ type: 'error', message: `the node serves ${MAX_STREAMS} log streams already` });
      return socket.close(CLOSE_CODES.normal);
    }
    this.#streams.add(stream);
    try {
      for await (const frame of this.options.core.logs(taskId, options, stream.signal)) {
        if (stream.signal.aborted) return;
        put(frame);
        await this.#drained(socket, stream.signal);
      }
    } catch (error) {
      if (!stream.signal.aborted)
        put({ type: 'error', message: `the log cannot be read: ${error instanceof Error ? error.message : String(error)}` });
    } finally {
      this.#streams.delete(stream);
      socket.close(CLOSE_CODES.normal);
    }
  }

  async #drained(socket: SessionSocket, signal: AbortSignal): Promise<void> {
    while (socket.bufferedBytes > MAX_BUFFERED_BYTES && !signal.aborted)
      await sleep(this.options.clock, DRAIN_LOOK_MS, signal).catch(() => {});
  }
}
