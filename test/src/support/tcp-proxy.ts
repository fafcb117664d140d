import { connect, createServer, type Server, type Socket } from 'node:net';

/** A TCP relay on loopback whose lines can be cut, held and mended: for tests of what depends on a network. */
export class TcpProxy {
  readonly #targetPort: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;
  #open = true;
  #repliesHeld = false;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#server = createServer((client) => this.#relay(client));
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const address = proxy.#server.address();
    if (address && typeof address === 'object') proxy.#port = address.port;
    return proxy;
  }

  /** "host:port" of the relay. */
  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Cuts all connections; new ones are still accepted. */
  cut(): void {
    for (const socket of [...this.#sockets]) socket.destroy();
  }

  /** Cuts all connections and every new one, until {@link mend}. */
  block(): void {
    this.#open = false;
    this.cut();
  }

  /** Lets requests through and loses the replies, until {@link mend}. */
  loseReplies(): void {
    this.#repliesHeld = true;
  }

  mend(): void {
    this.#open = true;
    this.#repliesHeld = false;
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #relay(client: Socket): void {
    if (!this.#open) {
      client.destroy();
      return;
    }
    const target = connect(this.#targetPort, '127.0.0.1');
    this.#join(client, target);
    client.on('data', (chunk) => pass(client, target, chunk));
    target.on('data', (chunk) => {
      if (!this.#repliesHeld) pass(target, client, chunk);
    });
  }

  #join(client: Socket, target: Socket): void {
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      // A reset is what these tests are about; `close` follows it.
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}

function pass(from: Socket, to: Socket, chunk: Buffer): void {
  if (to.write(chunk)) return;
  from.pause();
  to.once('drain', () => from.resume());
}
