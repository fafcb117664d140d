import type { Socket } from 'node:net';
import { carryStream } from '@tessera/kit/socket/carry';
import type { Session } from '../../session.js';

/** Carries one local connection to a port of a service or task. What goes wrong is told, and ends this connection only. */
export async function forwardConnection(session: Session, reference: string, port: number, connection: Socket): Promise<void> {
  const tell = (message: string): void => session.note(`${reference}:${port}: ${message}`);
  connection.on('error', () => {});
  try {
    const socket = await session.openSocket(`/v1/forward/${encodeURIComponent(reference)}/${port}`);
    const done = carryStream(socket, connection, session.io.clock, tell);
    connection.resume();
    await done;
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error));
    connection.destroy();
  }
}
