import {
  type AgentMessage,
  type ManagerMessage,
  type NodeDescription,
  type NodeSession,
  PROTOCOL_VERSION,
  type ProbeAnswer,
  parseAgentMessage,
  protocolOf,
  type TaskUsage,
} from '@tessera/api';
import { CLOSE_CODES, type Clock, type Log, type SessionSocket } from '@tessera/kit';
import type { NodeFeed } from '../feed/node-feed.js';
import type { StatusIntake } from '../intake/status-intake.js';
import { encodeDelta, encodeDesired } from './encode.js';

/** What a session needs of the dispatcher. */
export interface SessionHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly intake: StatusIntake;
  /** Resolves to whether the node is one of the cluster; waits a little for a node that has just joined. */
  isMember(nodeId: string, signal: AbortSignal): Promise<boolean>;
  /** The node's agent said hello: makes the node this manager's own. Resolves with undefined when another manager has it since. */
  claim(session: AgentSession): Promise<NodeSession | undefined>;
  /** What the node holds is known. Resolves when its status and description are stored. */
  connected(nodeId: string, held: NodeSession, description: NodeDescription): Promise<void>;
  described(nodeId: string, held: NodeSession, description: NodeDescription): Promise<void>;
  /** Its measured tasks used so much. */
  used(nodeId: string, tasks: readonly TaskUsage[]): Promise<void>;
  /** Services whose tasks are to be measured. */
  measured(): string[];
  /** The node answered a question about its network. */
  probed(nodeId: string, probeId: string, answer: ProbeAnswer): void;
  /** The feed of this session, from now on told of every change. */
  openFeed(session: AgentSession): NodeFeed;
  /** All that the view says was sent in sets up to this number. */
  flushed(session: AgentSession, seq: number): void;
  /** The node's network is as the set of this number says. */
  setApplied(session: AgentSession, seq: number): void;
  imageResolved(answer: Extract<AgentMessage, { type: 'image-resolved' }>): void;
  /**
   * @param reason in words, for people
   * @param isSilent nothing was heard of the agent, and not even its host said that the connection ends
   */
  closed(session: AgentSession, reason: string, isSilent: boolean): void;
}

/** Above these, changes wait (as marks in the feed) until the agent has read or saved more. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;
const MAX_UNACKNOWLEDGED = 32;
/** Messages of one agent that wait to be worked off; above it, its socket is not read. */
const MAX_WAITING_MESSAGES = 16;

/** The manager's end of the session with one agent. */
export class AgentSession {
  readonly #closing = new AbortController();
  #lastHeardMs: number;
  #greeted = false;
  #held: NodeSession | undefined;
  #feed: NodeFeed | undefined;
  #seq = 0;
  #acknowledged = 0;
  #waiting = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(
    readonly nodeId: string,
    private readonly socket: SessionSocket,
    private readonly host: SessionHost,
  ) {
    this.#lastHeardMs = host.clock.monotonic();
  }

  /** Begins to listen. Apart from the constructor, since the socket may have messages or its end ready. */
  start(): void {
    this.socket.onClose((code, reason) => this.#finish(`its connection was closed (${reason || code})`));
    this.socket.onMessage((text) => this.#receive(text));
  }

  /** What the node's record says of this session, once the node was claimed for it. */
  get held(): NodeSession | undefined {
    return this.#held;
  }

  /** Milliseconds since the agent was last heard. */
  silentForMs(): number {
    return this.host.clock.monotonic() - this.#lastHeardMs;
  }

  /** The agent may have said something in these milliseconds: nobody listened. */
  excuse(ms: number): void {
    this.#lastHeardMs += ms;
  }

  send(message: ManagerMessage): void {
    if (!this.#closing.signal.aborted) this.socket.send(JSON.stringify(message));
  }

  /** Sends what changed since the last time, unless the agent is behind: then all of it goes together later. */
  flush(): void {
    if (!this.#feed || this.#closing.signal.aborted || this.#isBehind()) return;
    const delta = this.#feed.collect();
    if (delta) this.socket.send(encodeDelta(++this.#seq, delta));
    this.host.flushed(this, this.#seq);
  }

  /** Ends the session and says why. @param final the agent shall not come back */
  refuse(code: string, message: string, final: boolean): void {
    this.send({ type: 'refused', code, message, final });
    this.socket.close(CLOSE_CODES.policyViolation, code);
    this.#finish(message);
  }

  /** Ends the session at once: its agent is silent, so that no closing handshake would be answered. */
  cut(reason: string): void {
    this.socket.close();
    this.#finish(reason, true);
  }

  /** Resolves when what the agent sent is worked off. */
  settled(): Promise<void> {
    return this.#work;
  }

  #isBehind(): boolean {
    return this.socket.bufferedBytes > MAX_BUFFERED_BYTES || this.#seq - this.#acknowledged > MAX_UNACKNOWLEDGED;
  }

  #receive(text: string): void {
    if (this.#closing.signal.aborted) return;
    this.#lastHeardMs = this.host.clock.monotonic();
    if (!this.#greeted && !this.#speaksProtocol(text)) return;
    let message: AgentMessage;
    try {
      message = parseAgentMessage(text);
    } catch (error) {
      this.refuse('protocol-error', `the manager does not understand the agent: ${(error as Error).message}`, false);
      return;
    }
    this.#handle(message);
  }

  #handle(message: AgentMessage): void {
    // An agent may take long to look at its host before it says hello: by heartbeats it says that it is there.
    if (message.type !== 'heartbeat' && (message.type === 'hello') === this.#greeted) {
      this.refuse('protocol-error', 'hello must come before all but heartbeats, and once', false);
      return;
    }
    switch (message.type) {
      case 'hello':
        this.#greeted = true;
        this.#enqueue(() => this.#greet(message));
        return;
      case 'status':
        this.#enqueue(() => this.#takeStatus(message));
        break;
      case 'description':
        this.#enqueue(async () => this.#held && this.host.described(this.nodeId, this.#held, message.description));
        break;
      case 'usage':
        this.#enqueue(() => this.host.used(this.nodeId, message.tasks));
        break;
      case 'probed':
        this.host.probed(this.nodeId, message.probeId, message.answer);
        break;
      case 'ack':
        this.#acknowledged = Math.max(this.#acknowledged, Math.min(message.seq, this.#seq));
        this.flush();
        return;
      case 'applied':
        this.host.setApplied(this, Math.min(message.seq, this.#seq));
        return;
      case 'image-resolved':
        this.host.imageResolved(message);
        return;
      case 'heartbeat':
        this.send(message);
        break;
    }
  }

  #speaksProtocol(text: string): boolean {
    const protocol = protocolOf(text);
    if (protocol === undefined || protocol === PROTOCOL_VERSION) return true;
    const older = protocol < PROTOCOL_VERSION ? 'agent' : 'manager';
    this.refuse(
      'protocol-version',
      `the agent speaks protocol ${protocol}, the manager ${PROTOCOL_VERSION}: upgrade the ${older}, it is the older one`,
      false,
    );
    return false;
  }

  /** Works off messages one after the other; reads no more while many wait. */
  #enqueue(work: () => Promise<unknown>): void {
    if (++this.#waiting === MAX_WAITING_MESSAGES) this.socket.pause();
    this.#work = this.#work.then(work).then(
      () => this.#worked(),
      (error) => {
        this.#worked();
        if (this.#closing.signal.aborted) return;
        this.host.log.error({ error, nodeId: this.nodeId }, 'dispatcher: a message of an agent could not be worked off');
        this.refuse('internal', 'the manager failed on a message of the agent', false);
      },
    );
  }

  #worked(): void {
    if (this.#waiting-- === MAX_WAITING_MESSAGES) this.socket.resume();
  }

  async #greet({ description, tasks }: Extract<AgentMessage, { type: 'hello' }>): Promise<void> {
    if (!(await this.host.isMember(this.nodeId, this.#closing.signal))) {
      return this.refuse('node-removed', 'this node is not, or no longer, a member of the cluster: join it again', true);
    }
    const { signal } = this.#closing;
    const held = await this.host.claim(this);
    if (signal.aborted) return;
    if (!held) return this.refuse('moved', 'the node has a newer session, with another manager', false);
    this.#held = held;
    // What the node holds is known before it is ready: the scheduler would give its ports and memory away once more.
    await this.host.intake.take({ nodeId: this.nodeId, held, signal }, tasks);
    if (signal.aborted) return;
    await this.host.connected(this.nodeId, held, description);
    if (signal.aborted) return;
    this.#feed = this.host.openFeed(this);
    this.socket.send(encodeDesired(++this.#seq, this.#feed.start()));
    this.host.flushed(this, this.#seq);
    const serviceIds = this.host.measured();
    if (serviceIds.length > 0) this.send({ type: 'measure', serviceIds });
  }

  async #takeStatus({ report, tasks }: Extract<AgentMessage, { type: 'status' }>): Promise<void> {
    if (!this.#held) return;
    const { signal } = this.#closing;
    const unknown = await this.host.intake.take({ nodeId: this.nodeId, held: this.#held, signal }, tasks);
    if (signal.aborted) return;
    this.send({ type: 'reported', report });
    for (const taskId of unknown) this.#feed?.reject(taskId);
  }

  #finish(reason: string, isSilent = false): void {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new Error(reason));
    this.host.closed(this, reason, isSilent);
  }
}
