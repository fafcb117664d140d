import { fillPath, type ManagerMessage, STREAM_PATH } from '@tessera/api';
import { type Clock, carryStream, type Log, type SessionSocket, sayFailed, sayOpen } from '@tessera/kit';
import type { AgentCore } from '../ports/core.js';
import type { Connector } from './connector.js';

type OpenForward = Extract<ManagerMessage, { type: 'open-forward' }>;

export interface ForwardStreamsOptions {
  core: AgentCore;
  connector: Connector;
  clock: Clock;
  log: Log;
}

/** More connections at a time are refused: a node serves its containers first. */
const MAX_STREAMS = 256;

/** Dials the streams of forwarded ports that a manager asks for, each to a port of a task's container. */
export class ForwardStreams {
  readonly #open = new Set<SessionSocket>();

  constructor(private readonly options: ForwardStreamsOptions) {}

  /** Serves one connection on a stream of its own to the manager that asked. Never throws. */
  async serve(manager: string, { streamId, taskId, port }: OpenForward): Promise<void> {
    const { connector, log } = this.options;
    try {
      const socket = await connector.connect(manager, fillPath(STREAM_PATH, { id: streamId }));
      await this.#carry(socket, taskId, port);
    } catch (error) {
      log.warn({ error, manager, taskId }, 'a forwarded port could not be opened');
    }
  }

  /** Ends all connections. */
  stop(): void {
    for (const socket of this.#open) socket.close();
  }

  async #carry(socket: SessionSocket, taskId: string, port: number): Promise<void> {
    const { core, clock } = this.options;
    if (this.#open.size >= MAX_STREAMS) return sayFailed(socket, `the node forwards ${MAX_STREAMS} connections already`);
    this.#open.add(socket);
    socket.onClose(() => this.#open.delete(socket));
    try {
      const stream = await core.connect(taskId, port);
      sayOpen(socket);
      await carryStream(socket, stream, clock);
    } catch (error) {
      sayFailed(socket, error instanceof Error ? error.message : String(error));
    }
  }
}
