import { SESSION_PATH } from '@tessera/api';
import { type Clock, jittered, type Log, type Random, type SessionSocket, sleep } from '@tessera/kit';
import type { Identity } from '../identity/identity.js';
import { keepRenewed } from '../identity/renewal.js';
import type { AgentCore } from '../ports/core.js';
import type { Prober } from '../ports/prober.js';
import { Connection, type ConnectionEnd } from './connection.js';
import { ConnectError, type Connector } from './connector.js';
import { ForwardStreams } from './forward-streams.js';
import { LogStreams } from './log-streams.js';
import { SESSION_TIMES, type SessionTimes } from './times.js';
import { wsConnector } from './ws-connector.js';

export interface SessionOptions {
  core: AgentCore;
  /** Absent: what a manager asks of the network is answered as failed. */
  prober?: Prober;
  clock: Clock;
  random: Random;
  log: Log;
  /** `https://host:port` of the managers, tried in turn. */
  managers: readonly string[];
  connector: Connector;
  times?: Partial<SessionTimes>;
}

export type SessionState =
  | { name: 'connecting'; failures: number; reason: string }
  | { name: 'open'; manager: string }
  /** The cluster does not want this node: only a person can help. */
  | { name: 'refused'; reason: string }
  | { name: 'stopped' };

/** The agent's end of the link: it always has, or tries to get, one connection to a manager. */
export interface Session {
  readonly state: SessionState;
  /** Resolves when the session is over for good: refused or stopped. Never rejects. */
  readonly done: Promise<SessionState>;
  /** Ends the session; containers run on. */
  stop(): Promise<void>;
}

/** Starts the session of this node over TLS and keeps its certificate renewed. */
export function startSession(options: Omit<SessionOptions, 'connector'> & { identity: Identity }): Session {
  const { identity, clock, random, log } = options;
  const managers = fromAnyOn(options.managers, random);
  const session = new ManagedSession({ ...options, managers, connector: wsConnector(identity, clock) });
  const renewal = new AbortController();
  const renewing = keepRenewed({ identity, managers, clock, random, log, signal: renewal.signal });
  void session.done.then(() => renewal.abort());
  return {
    get state() {
      return session.state;
    },
    done: session.done,
    stop: async () => {
      await session.stop();
      await renewing;
    },
  };
}

/** The same in the same order, begun anywhere: so agents spread over their managers. */
function fromAnyOn(managers: readonly string[], random: Random): string[] {
  const first = Math.floor(random.next() * managers.length);
  return [...managers.slice(first), ...managers.slice(0, first)];
}

/** Starts a session over the given connector. */
export function startSessionOver(options: SessionOptions): Session {
  return new ManagedSession(options);
}

class ManagedSession implements Session {
  readonly done: Promise<SessionState>;
  readonly #options: SessionOptions;
  readonly #times: SessionTimes;
  readonly #logs: LogStreams;
  readonly #forwards: ForwardStreams;
  readonly #stopping = new AbortController();
  #state: SessionState = { name: 'connecting', failures: 0, reason: 'just started' };
  #connection: Connection | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#times = { ...SESSION_TIMES, ...options.times };
    this.#logs = new LogStreams(options);
    this.#forwards = new ForwardStreams(options);
    this.done = this.#run();
  }

  get state(): SessionState {
    return this.#state;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#connection?.close('the agent stops');
    this.#logs.stop();
    this.#forwards.stop();
    await this.done;
  }

  async #run(): Promise<SessionState> {
    const { managers, clock, random, log } = this.#options;
    const { signal } = this.#stopping;
    for (let attempt = 0, failures = 0; !signal.aborted; attempt++) {
      const manager = managers[attempt % managers.length] ?? '';
      const end = await this.#connectTo(manager);
      if (end.final) {
        log.error(
          { manager, reason: end.reason },
          'the cluster refuses this node for good: its containers run on, but nobody manages them',
        );
        return (this.#state = { name: 'refused', reason: end.reason });
      }
      if (signal.aborted) break;
      failures = end.wasSynced ? 1 : failures + 1;
      this.#state = { name: 'connecting', failures, reason: end.reason };
      const delayMs = jittered(random, Math.min(this.#times.longestRetryMs, this.#times.firstRetryMs * 2 ** (failures - 1)));
      log.warn({ manager, reason: end.reason, failures, delayMs: Math.round(delayMs) }, 'no session with the manager, connecting again');
      await sleep(clock, delayMs, signal).catch(() => {});
    }
    return (this.#state = { name: 'stopped' });
  }

  async #connectTo(manager: string): Promise<ConnectionEnd> {
    const { connector, core, prober, clock, log } = this.#options;
    try {
      const socket = await this.#unlessStopped(connector.connect(manager, SESSION_PATH));
      this.#connection = new Connection({
        socket,
        manager,
        core,
        ...(prober && { prober }),
        clock,
        log,
        logs: this.#logs,
        forwards: this.#forwards,
        times: this.#times,
        onSynced: () => this.#opened(manager),
      });
      void this.#connection.start();
      return await this.#connection.ended;
    } catch (error) {
      return {
        reason: error instanceof Error ? error.message : String(error),
        final: error instanceof ConnectError && error.final,
        wasSynced: false,
      };
    }
  }

  /** A connection that comes only after `stop` is closed again: nobody waits for a manager that does not answer. */
  #unlessStopped(connecting: Promise<SessionSocket>): Promise<SessionSocket> {
    const { signal } = this.#stopping;
    return new Promise((resolve, reject) => {
      const onStop = (): void => reject(new Error('the agent stops'));
      signal.addEventListener('abort', onStop, { once: true });
      connecting
        .then((socket) => (signal.aborted ? socket.close() : resolve(socket)), reject)
        .finally(() => signal.removeEventListener('abort', onStop));
    });
  }

  #opened(manager: string): void {
    this.#state = { name: 'open', manager };
    this.#options.log.info({ manager }, 'session with the manager is open');
  }
}
