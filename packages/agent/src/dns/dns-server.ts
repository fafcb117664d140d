import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock, Log, Random } from '@tessera/kit';
import packet, { type DecodedPacket } from 'dns-packet';
import { answerFromZone, failure, fitUdp, type Lookup, questionOf } from './answer.js';
import { Forwarder, lengthOf } from './forwarder.js';

const IDLE_LIMIT_MS = 10_000;
const MAX_TCP_CONNECTIONS = 256;
/** Queries in flight to upstreams, over all clients; more are answered with a failure at once. */
const MAX_FORWARDED = 512;

export interface DnsServerOptions {
  clock: Clock;
  random: Random;
  log: Log;
  /** The zone as the container with this address sees it, asking at this gateway. */
  lookupFor(gateway: string, client: string): Lookup;
  /** The host's own resolvers: they answer what is not in the zone. */
  upstreams(): readonly string[];
  /** 53 when absent. */
  port?: number;
}

interface Listener {
  udp: UdpSocket;
  tcp: Server;
}

/** Service discovery: a DNS server on each gateway address of this node, UDP and TCP. */
export class DnsServer {
  readonly #options: DnsServerOptions;
  readonly #forwarder: Forwarder;
  readonly #listeners = new Map<string, Listener>();
  #forwarded = 0;

  constructor(options: DnsServerOptions) {
    this.#options = options;
    this.#forwarder = new Forwarder(options.upstreams, options.clock);
  }

  /** Listens on exactly these addresses. @throws Error when one cannot be bound. */
  async listenOn(gateways: readonly string[]): Promise<void> {
    for (const [gateway, listener] of this.#listeners) {
      if (!gateways.includes(gateway)) this.#close(gateway, listener);
    }
    for (const gateway of gateways) {
      if (!this.#listeners.has(gateway)) this.#listeners.set(gateway, await this.#open(gateway));
    }
  }

  stop(): void {
    for (const [gateway, listener] of this.#listeners) this.#close(gateway, listener);
  }

  /** The answer to one message, or `undefined` when it deserves none. */
  async answer(message: Buffer, gateway: string, client: string, overTcp: boolean): Promise<Buffer | undefined> {
    const query = decode(message);
    const question = query && questionOf(query);
    if (!query || !question) return undefined;
    const ours = answerFromZone(query, question, this.#options.lookupFor(gateway, client), this.#options.random);
    if (ours) return overTcp ? ours : fitUdp(ours);
    if (this.#options.upstreams().length === 0) return failure(query, 'no-such-name');
    return (await this.#forward(message, overTcp)) ?? failure(query, 'server-failure');
  }

  async #forward(message: Buffer, overTcp: boolean): Promise<Buffer | undefined> {
    if (this.#forwarded >= MAX_FORWARDED) return undefined;
    this.#forwarded++;
    try {
      return await this.#forwarder.ask(message, overTcp);
    } finally {
      this.#forwarded--;
    }
  }

  async #open(gateway: string): Promise<Listener> {
    const port = this.#options.port ?? 53;
    const udp = createSocket('udp4');
    await new Promise<void>((resolve, reject) => udp.once('error', reject).bind(port, gateway, resolve));
    const tcp = createServer((socket) => this.#serveTcp(socket, gateway));
    tcp.maxConnections = MAX_TCP_CONNECTIONS;
    await new Promise<void>((resolve, reject) => tcp.once('error', reject).listen(udp.address().port, gateway, resolve));
    udp.on('message', (message, peer) => {
      void this.#reply(message, gateway, peer.address, false, (answer) => udp.send(answer, peer.port, peer.address, () => {}));
    });
    for (const server of [udp, tcp]) server.on('error', (error) => this.#options.log.warn({ error, gateway }, 'DNS server'));
    return { udp, tcp };
  }

  #close(gateway: string, listener: Listener): void {
    this.#listeners.delete(gateway);
    listener.udp.close();
    listener.tcp.close();
  }

  #serveTcp(socket: Socket, gateway: string): void {
    let received = Buffer.alloc(0);
    socket.setTimeout(IDLE_LIMIT_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const length = received.readUInt16BE(0);
        const message = Buffer.from(received.subarray(2, 2 + length));
        received = received.subarray(2 + length);
        void this.#reply(message, gateway, socket.remoteAddress ?? '', true, (answer) =>
          socket.write(Buffer.concat([lengthOf(answer), answer])),
        );
      }
    });
  }

  async #reply(message: Buffer, gateway: string, client: string, overTcp: boolean, send: (answer: Buffer) => void): Promise<void> {
    try {
      const answer = await this.answer(message, gateway, client, overTcp);
      if (answer) send(answer);
    } catch (error) {
      this.#options.log.debug({ error, client }, 'DNS query could not be answered');
    }
  }
}

function decode(message: Buffer): DecodedPacket | undefined {
  try {
    return packet.decode(message);
  } catch {
    // Not DNS: anybody may send anything to the port.
    return undefined;
  }
}
