import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';

/**
 * The address from which this host speaks to `manager` (`https://host:port`): the one at which others on that network reach it. Nothing
 * is sent: a connected UDP socket only asks the routing table.
 * @throws Error when there is no route.
 */
export async function sourceAddress(manager: string): Promise<string> {
  const { hostname, port } = new URL(manager);
  const { address, family } = await lookup(hostname.replace(/^\[|\]$/g, ''));
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.connect(Number(port) || 443, address, resolve);
    });
    return socket.address().address;
  } catch (error) {
    throw new Error(
      `cannot find the address at which other nodes reach this one (no route to ${manager}): say it with --advertise-address`,
      {
        cause: error,
      },
    );
  } finally {
    socket.close();
  }
}
