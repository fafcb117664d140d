import { createSocket } from 'node:dgram';
import { createConnection } from 'node:net';
import type { Clock } from '@tessera/kit';

const UPSTREAM_LIMIT_MS = 2_000;
const DNS_PORT = 53;

/** Sends a query to the host's own resolvers, one after the other. `undefined`: none answered. */
export class Forwarder {
  constructor(
    private readonly upstreams: () => readonly string[],
    private readonly clock: Clock,
  ) {}

  async ask(query: Buffer, overTcp: boolean): Promise<Buffer | undefined> {
    for (const server of this.upstreams()) {
      const [host, port] = splitAddress(server);
      const answer = await (overTcp ? this.#askTcp(query, host, port) : this.#askUdp(query, host, port));
      if (answer) return answer;
    }
    return undefined;
  }

  #askUdp(query: Buffer, host: string, port: number): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
      const end = (answer?: Buffer): void => {
        timer.cancel();
        socket.removeAllListeners().on('error', () => {});
        socket.close();
        resolve(answer);
      };
      const timer = this.clock.timer(UPSTREAM_LIMIT_MS, () => end());
      socket.on('error', () => end());
      // Only an answer to this very query counts: anybody can send to the port.
      socket.on('message', (message) => message.length > 2 && message.readUInt16BE(0) === query.readUInt16BE(0) && end(message));
      socket.connect(port, host, () => socket.send(query));
    });
  }

  #askTcp(query: Buffer, host: string, port: number): Promise<Buffer | undefined> {
    return new Promise((resolve) => {
      const socket = createConnection({ host, port });
      let received = Buffer.alloc(0);
      const end = (answer?: Buffer): void => {
        timer.cancel();
        socket.destroy();
        resolve(answer);
      };
      const timer = this.clock.timer(UPSTREAM_LIMIT_MS, () => end());
      socket.on('error', () => end());
      socket.on('close', () => end());
      socket.on('data', (chunk) => {
        received = Buffer.concat([received, chunk]);
        if (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0))
          end(received.subarray(2, 2 + received.readUInt16BE(0)));
      });
      socket.write(Buffer.concat([lengthOf(query), query]));
    });
  }
}

/** DNS over TCP puts the length before each message (RFC 1035 4.2.2). */
export function lengthOf(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return length;
}

/** `host`, `host:port` or `[host]:port`, as Node names its resolvers. */
function splitAddress(server: string): [string, number] {
  const match = server.match(/^\[(.+)\]:(\d+)$/) ?? server.match(/^([^:]+):(\d+)$/);
  return match ? [match[1] as string, Number(match[2])] : [server, DNS_PORT];
}
