import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { SystemClock } from '../clock/system-clock.js';
import { carryStream, relaySockets, sayFailed } from './carry.js';
import { socketPair } from './memory-socket.js';

const clock = new SystemClock();
const MIB = 1024 * 1024;

/** Both ends of a TCP connection on loopback, which may end one after the other. */
async function tcpPair(servers: Server[]): Promise<{ outer: Socket; inner: Socket }> {
  const server = createServer({ allowHalfOpen: true });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const outer = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', allowHalfOpen: true });
  const [inner] = (await once(server, 'connection')) as [Socket];
  return { outer, inner };
}

describe('a connection carried over sockets', () => {
  const servers: Server[] = [];
  const sockets: Socket[] = [];

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  /** A client and a server that are connected through two WebSockets and a relay between them. */
  async function carried(): Promise<{ client: Socket; server: Socket; over: Promise<unknown>; cut: () => void }> {
    const [near, far] = [await tcpPair(servers), await tcpPair(servers)];
    sockets.push(near.outer, near.inner, far.outer, far.inner);
    const [left, right] = [socketPair({ clock, latencyMs: 0 }), socketPair({ clock, latencyMs: 0 })];
    void relaySockets(left.server, right.server, clock);
    const over = Promise.all([carryStream(left.client, near.inner, clock), carryStream(right.client, far.inner, clock)]);
    return { client: near.outer, server: far.outer, over, cut: () => left.cut() };
  }

  it('brings all bytes in order, however slowly they are read, and each side ends for itself', async () => {
    const { client, server, over } = await carried();
    const sent = Buffer.alloc(8 * MIB).map((_, index) => index % 251);
    client.end(sent);
    const received: Buffer[] = [];
    server.on('data', (chunk: Buffer) => received.push(chunk));
    await once(server, 'end');
    assert.ok(Buffer.concat(received).equals(sent));
    server.end('thanks');
    const [answer] = (await once(client, 'data')) as [Buffer];
    assert.equal(answer.toString(), 'thanks');
    await over;
  });

  it('ends at both sides when one of its sockets breaks', async () => {
    const { client, server, over, cut } = await carried();
    client.on('error', () => {});
    server.on('error', () => {});
    const closed = Promise.all([once(client, 'close'), once(server, 'close')]);
    client.resume();
    server.resume();
    cut();
    await over;
    client.destroy();
    server.destroy();
    await closed;
  });

  it('tells why the far end has no connection', async () => {
    const near = await tcpPair(servers);
    sockets.push(near.outer, near.inner);
    const pair = socketPair({ clock, latencyMs: 0 });
    const told: string[] = [];
    const over = carryStream(pair.client, near.inner, clock, (message) => told.push(message));
    sayFailed(pair.server, 'nothing listens there');
    await over;
    assert.deepEqual(told, ['nothing listens there']);
  });
});
