import { isDeepStrictEqual } from 'node:util';
import {
  type AgentMessage,
  type ManagerMessage,
  type NodeDescription,
  PROTOCOL_VERSION,
  parseManagerMessage,
  type TaskReport,
} from '@tessera/api';
import { CLOSE_CODES, type Clock, type Log, repeat, type SessionSocket, type Timer } from '@tessera/kit';
import type { AgentCore } from '../ports/core.js';
import type { Prober } from '../ports/prober.js';
import type { ForwardStreams } from './forward-streams.js';
import type { LogStreams } from './log-streams.js';
import { Reporter } from './reporter.js';
import type { SessionTimes } from './times.js';

/** Characters of an error that the protocol takes. */
const MOST_WORDS = 4096;

/** How a connection ended. */
export interface ConnectionEnd {
  /** In words, for people. */
  reason: string;
  /** The manager does not want this node any more. */
  final: boolean;
  /** A desired set came over it: the manager is well, so that the next attempt need not wait long. */
  wasSynced: boolean;
}

export interface ConnectionOptions {
  socket: SessionSocket;
  manager: string;
  core: AgentCore;
  prober?: Prober;
  clock: Clock;
  log: Log;
  logs: LogStreams;
  forwards: ForwardStreams;
  times: SessionTimes;
  onSynced(): void;
}

/** One connection to one manager, from `hello` to its end. */
export class Connection {
  readonly ended: Promise<ConnectionEnd>;
  readonly #options: ConnectionOptions;
  readonly #reporter: Reporter;
  readonly #timers: Timer[] = [];
  #resolveEnded: (end: ConnectionEnd) => void = () => {};
  #isOver = false;
  #lastHeardMs: number;
  #description: NodeDescription | undefined;
  #held: TaskReport[] = [];
  #stopListening: () => void = () => {};
  /** A complete set of this connection was given to the agent: numbers that it applies are of this connection. */
  #isTaken = false;
  /** Services whose tasks are measured. */
  #measured: ReadonlySet<string> = new Set();
  #isMeasuring = false;
  #received = 0;
  #synced = false;
  /** When each heartbeat was sent that was not answered yet; answers come in their order. */
  readonly #beats: number[] = [];
  #helloAt = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { clock, core, times } = options;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    this.#lastHeardMs = clock.monotonic();
    this.#reporter = new Reporter({
      clock,
      tickMs: times.reportTickMs,
      send: (report, tasks) => this.#send({ type: 'status', report, tasks }),
      onStored: (reports) => core.confirmReported(reports),
    });
  }

  /** Says hello and serves the connection until it ends. */
  async start(): Promise<void> {
    const { socket, core, times } = this.#options;
    socket.onClose((code, reason) => this.#finish(`the connection was closed (${reason || code})`, false));
    socket.onMessage((text) => this.#receive(text));
    this.#every(times.heartbeatMs, (lateMs) => this.#beat(lateMs));
    try {
      this.#description = await core.describe();
    } catch (error) {
      return this.close(`the node cannot be described: ${wordsOf(error)}`);
    }
    if (this.#isOver) return;
    // What happens after this moment is reported, what was before it is in the hello: nothing falls between.
    const listening = [
      core.onReport((report) => this.#reporter.add(report)),
      core.onApplied((seq) => this.#isTaken && this.#send({ type: 'applied', seq })),
    ];
    this.#stopListening = () => {
      for (const stop of listening) stop();
    };
    this.#held = core.heldTasks();
    this.#helloAt = this.#options.clock.monotonic();
    this.#send({ type: 'hello', protocol: PROTOCOL_VERSION, description: this.#description, tasks: this.#held });
    this.#every(times.describeMs, () => void this.#describeAgain());
    this.#every(times.usageMs, () => void this.#tellUsage());
    this.#timers.push(this.#options.clock.timer(times.greetLimitMs, () => this.#synced || this.close('the manager sent no desired set')));
  }

  /** Ends the connection. @param reason in words, for people */
  close(reason: string): void {
    this.#options.socket.close(CLOSE_CODES.normal);
    this.#finish(reason, false);
  }

  #send(message: AgentMessage): void {
    if (!this.#isOver) this.#options.socket.send(JSON.stringify(message));
  }

  #receive(text: string): void {
    if (this.#isOver) return;
    this.#lastHeardMs = this.#options.clock.monotonic();
    let message: ManagerMessage;
    try {
      message = parseManagerMessage(text);
    } catch (error) {
      this.close(`the manager was not understood: ${wordsOf(error)}`);
      return;
    }
    this.#handle(message);
  }

  #handle(message: ManagerMessage): void {
    switch (message.type) {
      case 'desired':
      case 'delta':
        this.#enqueue(message);
        break;
      case 'reported':
        this.#reporter.stored(message.report);
        break;
      case 'open-logs':
        return void this.#options.logs.serve(this.#options.manager, message);
      case 'measure':
        this.#measured = new Set(message.serviceIds);
        break;
      case 'probe':
        return void this.#probe(message);
      case 'open-forward':
        return void this.#options.forwards.serve(this.#options.manager, message);
      case 'resolve-image':
        void this.#resolveImage(message);
        return;
      case 'refused':
        this.#options.socket.close(CLOSE_CODES.normal);
        this.#finish(`${message.message} (${message.code})`, message.final);
        return;
      case 'heartbeat':
        this.#granted(this.#beats.shift());
    }
  }

  async #resolveImage({ requestId, image }: Extract<ManagerMessage, { type: 'resolve-image' }>): Promise<void> {
    const answer = await this.#options.core.resolveImage(image).then(
      (digest) => ({ digest }),
      (error: unknown) => ({ error: wordsOf(error).slice(0, MOST_WORDS) }),
    );
    this.#send({ type: 'image-resolved', requestId, ...answer });
  }

  /** Only a manager that has this node for ready grants anything: before the desired set it may still be called down. */
  #granted(sentAtMs: number | undefined): void {
    if (this.#synced && sentAtMs !== undefined) this.#options.core.granted(sentAtMs);
  }

  /** Takes over sets one after the other. A number out of order means that something was lost: a new session makes it good. */
  #enqueue(message: Extract<ManagerMessage, { type: 'desired' | 'delta' }>): void {
    const isNext = message.type === 'desired' ? this.#received === 0 : this.#received > 0 && message.seq === this.#received + 1;
    if (!isNext) {
      this.close(`the set numbered ${message.seq} came after ${this.#received}`);
      return;
    }
    this.#received = message.seq;
    this.#work = this.#work
      .then(() => this.#takeOver(message))
      .catch((error: unknown) => this.close(`a desired set could not be saved: ${wordsOf(error)}`));
  }

  async #takeOver(message: Extract<ManagerMessage, { type: 'desired' | 'delta' }>): Promise<void> {
    if (this.#isOver) return;
    const { core } = this.#options;
    this.#isTaken = true;
    if (message.type === 'desired') await core.replaceDesired(message.seq, message.items);
    else await core.mergeDesired(message.seq, message.put, message.remove);
    this.#send({ type: 'ack', seq: message.seq });
    if (message.type === 'desired') this.#onSynced();
  }

  /** The manager answers a hello when all that was in it is stored. */
  #onSynced(): void {
    this.#synced = true;
    this.#options.core.confirmReported(this.#held);
    this.#held = [];
    this.#granted(this.#helloAt);
    this.#options.onSynced();
  }

  async #probe({ probeId, request }: Extract<ManagerMessage, { type: 'probe' }>): Promise<void> {
    const { prober } = this.#options;
    const answer = prober ? await prober.probe(request) : { kind: 'failed' as const, message: 'this agent looks at no network' };
    this.#send({ type: 'probed', probeId, answer });
  }

  /** @param lateMs for so long nobody has looked whether the manager said something */
  #beat(lateMs: number): void {
    const { clock, socket, times } = this.#options;
    this.#lastHeardMs += lateMs;
    const silentMs = clock.monotonic() - this.#lastHeardMs;
    if (silentMs <= times.heartbeatMs * times.missedHeartbeats) {
      this.#beats.push(clock.monotonic());
      this.#send({ type: 'heartbeat' });
      return;
    }
    // Nobody is there to answer a closing handshake.
    socket.close();
    this.#finish(`the manager was silent for ${Math.round(silentMs)} ms`, false);
  }

  async #describeAgain(): Promise<void> {
    try {
      const description = await this.#options.core.describe();
      if (isDeepStrictEqual(description, this.#description)) return;
      this.#description = description;
      this.#send({ type: 'description', description });
    } catch (error) {
      this.#options.log.warn({ error }, 'the node cannot be described at the moment');
    }
  }

  async #tellUsage(): Promise<void> {
    if (this.#measured.size === 0 || this.#isMeasuring) return;
    this.#isMeasuring = true;
    const tasks = await this.#options.core.usage(this.#measured).finally(() => {
      this.#isMeasuring = false;
    });
    if (tasks.length > 0) this.#send({ type: 'usage', tasks });
  }

  #every(periodMs: number, run: (lateMs: number) => void): void {
    this.#timers.push(repeat(this.#options.clock, periodMs, run));
  }

  #finish(reason: string, final: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    for (const timer of this.#timers) timer.cancel();
    this.#stopListening();
    this.#reporter.stop();
    // A set that is being saved is saved first: the next session must not overtake it.
    void this.#work.then(() => this.#resolveEnded({ reason, final, wasSynced: this.#synced }));
  }
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
