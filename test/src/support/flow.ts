import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { SystemClock, sleep } from '@tessera/kit';

const INTERVAL_MS = 20;

/**
 * A TCP connection that stays, to a server that sends each line back with its name behind it: numbers go out in their order, and each must come back
 * before the next one.
 */
export class Flow {
  /** Numbers that came back. */
  answered = 0;
  /** Name of the server that the first number came back from. */
  server = '';
  /** What was wrong: a number out of order, or of another server. */
  fault: string | undefined;
  /** When the other end closed or broke it, as `performance.now()` says. */
  endedAt: number | undefined;
  readonly #socket: Socket;
  #isOver = false;

  private constructor(host: string, port: number) {
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.endedAt ??= performance.now();
      this.#isOver = true;
    });
    const lines = createInterface(this.#socket);
    lines.on('line', (line) => void this.#take(line));
    // It passes errors of the connection on.
    lines.on('error', () => {});
    this.#send();
  }

  /** Begins at once; whether it came about, `answered` tells. */
  static open(host: string, port: number): Flow {
    return new Flow(host, port);
  }

  end(): void {
    this.#isOver = true;
    this.#socket.destroy();
  }

  #send(): void {
    if (!this.#isOver) this.#socket.write(`${this.answered + 1}\n`);
  }

  async #take(line: string): Promise<void> {
    const [number, ...name] = line.split(' ');
    this.server ||= name.join(' ');
    if (Number(number) !== this.answered + 1 || name.join(' ') !== this.server)
      this.fault ??= `"${line}" came after ${this.answered} of "${this.server}"`;
    this.answered += 1;
    await sleep(new SystemClock(), INTERVAL_MS);
    this.#send();
  }
}
