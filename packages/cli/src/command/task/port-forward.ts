import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { EXIT } from '../../exit.js';
import { Failure, usageFailure } from '../../failure.js';
import type { Session } from '../../session.js';
import { defineCommand } from '../define.js';
import { serviceOrTask } from '../lookup.js';
import { forwardConnection } from './forward-connection.js';

const LAST_PORT = 65_535;

interface Mapping {
  /** 0: any that is free. */
  local: number;
  remote: number;
}

export const command = defineCommand<{ address?: string }>({
  arguments: '<service-or-task> <ports...>',
  options: [{ flags: '--address <address>', summary: 'address of this machine to listen on; 127.0.0.1 when absent' }],
  details:
    'Listens on this machine and carries each TCP connection through a manager and the agent of the node to the container, whether or not the port is published. PORTS is LOCAL:REMOTE, REMOTE for the same port on both sides, or :REMOTE for a free one on this machine. Of a service, each connection goes to one of its running tasks. Ends with Ctrl-C.',
  examples: [
    { line: 'tsctl port-forward shop_db 5432', does: 'the database of a stack as localhost:5432' },
    { line: 'tsctl port-forward shop_web.2 8080:80 9090:9090', does: 'two ports of one replica' },
  ],
  async run(session, [reference = '', ...ports], { address = '127.0.0.1' }) {
    const mappings = ports.map(mappingOf);
    await serviceOrTask(await session.client(), reference);
    const open = new Set<Socket>();
    const servers = await Promise.all(mappings.map((mapping) => listen(session, reference, mapping, { address, open })));
    await new Promise<void>((resolve) => session.signal.addEventListener('abort', () => resolve(), { once: true }));
    for (const server of servers) server.close();
    for (const connection of open) connection.destroy();
    return EXIT.interrupted;
  },
});

/** @throws Failure for what is no pair of ports. */
function mappingOf(text: string): Mapping {
  const [, local, remote = ''] = /^(?:(\d{0,5}):)?(\d{1,5})$/.exec(text) ?? [];
  const mapping = { local: Number(local === undefined ? remote : local), remote: Number(remote) };
  if (remote === '' || mapping.remote < 1 || mapping.remote > LAST_PORT || mapping.local > LAST_PORT)
    throw usageFailure(`"${text}" is no pair of ports`, 'write it as 8080:80, 80, or :80');
  return mapping;
}

/** @param open holds the connections that there are */
async function listen(
  session: Session,
  reference: string,
  { local, remote }: Mapping,
  { address, open }: { address: string; open: Set<Socket> },
): Promise<Server> {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (connection) => {
    open.add(connection);
    connection.once('close', () => open.delete(connection));
    void forwardConnection(session, reference, remote, connection);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new Failure(`cannot listen on ${address}:${local}`, { cause, cure: 'choose another local port: LOCAL:REMOTE' })),
    );
    server.listen(local, address, resolve);
  });
  const { port } = server.address() as AddressInfo;
  session.print(`forwarding ${address}:${port} -> ${reference}:${remote}`);
  return server;
}
