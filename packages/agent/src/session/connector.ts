import type { SessionSocket } from '@tessera/kit';

/** How the session reaches a manager: WebSockets over TLS in production, pairs in memory under test. */
export interface Connector {
  /**
   * Opens a WebSocket.
   * @param manager `https://host:port`
   * @param path of the WebSocket, such as `/v1/agent/session`
   * @throws ConnectError
   */
  connect(manager: string, path: string): Promise<SessionSocket>;
}

/** A manager could not be reached or does not want this node. `final`: trying again is of no use. */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
  constructor(
    message: string,
    readonly final: boolean,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
