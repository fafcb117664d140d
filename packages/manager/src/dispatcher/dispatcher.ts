import {
  type AgentMessage,
  ApiError,
  HEARTBEAT_MS,
  type LogFrame,
  type LogOptions,
  type Manager,
  MISSED_HEARTBEATS,
  type NodeDescription,
  type NodeSession,
  type ObjectChange,
  type ProbeAnswer,
  type ProbeRequest,
  type TaskUsage,
} from '@tessera/api';
import { CLOSE_CODES, type Clock, type Log, type Random, repeat, type SessionSocket, type Timer, until } from '@tessera/kit';
import { otherManagerOf, sameSession } from '../model/session.js';
import { isLive, isToldToGo } from '../model/task.js';
import type { Dispatcher, ResolvedImage } from '../ports/dispatcher.js';
import type { Peers } from '../ports/peers.js';
import type { Presence } from '../ports/presence.js';
import type { ClusterStore } from '../ports/store.js';
import { LEASE_TTL_MS } from '../state/lease-ttl.js';
import { ChangeRouter } from './feed/change-router.js';
import { NodeFeed } from './feed/node-feed.js';
import { Projector } from './feed/projector.js';
import { ImageResolver } from './images/image-resolver.js';
import { StatusIntake } from './intake/status-intake.js';
import { UpdateQueue } from './intake/update-queue.js';
import { AppliedBook } from './leaving/applied-book.js';
import { AppliedEverywhere } from './leaving/applied-everywhere.js';
import { appliedNodes } from './leaving/applied-nodes.js';
import { LEAVE_LIMIT_MS, LeaveGate } from './leaving/leave-gate.js';
import { PeerRounds } from './leaving/peer-rounds.js';
import { untilApplied } from './leaving/until-applied.js';
import { Liveness } from './liveness/liveness.js';
import { LogRelay } from './logs/log-relay.js';
import { Probes } from './probes/probes.js';
import { AgentSession, type SessionHost } from './session/agent-session.js';
import { StreamDials } from './streams/stream-dials.js';
import { UsageBook } from './usage/usage-book.js';

export interface DispatcherOptions {
  store: ClusterStore;
  /** Sessions are served only while this manager has its place. */
  presence: Presence;
  /** Asked what nodes that they serve have applied. */
  peers: Pick<Peers, 'applied'>;
  clock: Clock;
  random: Random;
  log: Log;
  /** Defaults of {@link DISPATCHER_TIMES}. */
  times?: Partial<typeof DISPATCHER_TIMES>;
}

/** All in milliseconds. */
export const DISPATCHER_TIMES = {
  /** Changes of the view are gathered so long before they are sent. */
  deltaTickMs: 15,
  /** Reports are gathered so long before they are written. */
  reportTickMs: 10,
  heartbeatMs: HEARTBEAT_MS,
  /** A node is down so long after its agent was last heard. */
  nodeTimeoutMs: HEARTBEAT_MS * MISSED_HEARTBEATS + 1_000,
  /** Time to come back, here or at another manager, after a session ended for silence; a node is down when it is over. */
  reconnectGraceMs: 1_000,
  /** The same after its connection was closed: the host is there to close it, so that its agent may be starting anew. */
  restartGraceMs: 10_000,
  /** What nodes of another manager have applied is waited for so long without an answer of that one: as long as its lease. */
  unheardMs: LEASE_TTL_MS,
  /** How long a node that this manager does not know may take to appear: it may just have joined elsewhere. */
  memberLimitMs: 2_000,
  /** How long an agent has to dial a log stream. */
  dialLimitMs: 5_000,
  /** How long an agent has to answer a question about its network: it tries for some seconds itself. */
  probeLimitMs: 30_000,
  /** How long an agent has to ask a registry for a digest. */
  resolveLimitMs: 8_000,
};

const NO_PLACE = 'the manager has lost its place among the managers: it does not reach the store';

/** Makes the dispatcher of one manager. It works at once and until `stop`. */
export function createDispatcher(options: DispatcherOptions): Dispatcher {
  return new SessionDispatcher(options);
}

class SessionDispatcher implements Dispatcher, SessionHost {
  readonly clock: Clock;
  readonly log: Log;
  readonly intake: StatusIntake;
  readonly #times: typeof DISPATCHER_TIMES;
  readonly #store: ClusterStore;
  readonly #presence: Presence;
  readonly #projector: Projector;
  readonly #router: ChangeRouter;
  readonly #applied: AppliedBook;
  readonly #rounds: PeerRounds;
  readonly #everywhere: AppliedEverywhere;
  readonly #leaving: LeaveGate;
  readonly #queue: UpdateQueue;
  readonly #liveness: Liveness;
  readonly #dials: StreamDials;
  readonly #probes: Probes;
  readonly #logs: LogRelay;
  readonly #images: ImageResolver;
  readonly #sessions = new Map<string, AgentSession>();
  readonly #feeds = new Map<string, NodeFeed>();
  readonly #dirty = new Set<string>();
  readonly #unsubscribes: Array<() => void>;
  readonly #usage: UsageBook;
  /** Ids of autoscaled services. */
  readonly #measured = new Set<string>();
  #deltaTick: Timer | undefined;
  readonly #sweep: Timer;
  #stopped = false;

  constructor({ store, presence, peers, clock, random, log, times }: DispatcherOptions) {
    this.clock = clock;
    this.log = log;
    this.#times = { ...DISPATCHER_TIMES, ...times };
    this.#store = store;
    this.#presence = presence;
    this.#applied = new AppliedBook((nodeId) => this.#markDirty(nodeId));
    this.#rounds = new PeerRounds({
      peers,
      clock,
      tickMs: this.#times.deltaTickMs,
      unheardMs: this.#times.unheardMs,
      limitMs: LEAVE_LIMIT_MS,
      serves: (managerId, nodeId) => this.#managerOf(nodeId)?.id === managerId,
    });
    this.#everywhere = new AppliedEverywhere({
      managerOf: (nodeId) => this.#managerOf(nodeId),
      here: this.#applied,
      elsewhere: this.#rounds,
    });
    this.#leaving = new LeaveGate({
      view: store.view,
      clock,
      everywhere: this.#everywhere,
      release: ({ id, nodeId = '' }) => this.#feeds.get(nodeId)?.markTask(id),
    });
    this.#projector = new Projector(store.view, this.#leaving);
    this.#router = new ChangeRouter(this.#projector, this.#feeds, this.#leaving, this.#everywhere);
    this.#queue = new UpdateQueue({ store, clock, log, tickMs: this.#times.reportTickMs });
    this.intake = new StatusIntake({ store, clock, log, queue: this.#queue, slots: this.#projector.slots });
    this.#liveness = new Liveness({ view: store.view, clock, queue: this.#queue, presence });
    this.#probes = new Probes({ clock, random, ...this.#times });
    this.#dials = new StreamDials({ clock, random, ...this.#times });
    this.#logs = new LogRelay(this.#dials);
    this.#images = new ImageResolver({ clock, random, ...this.#times });
    this.#usage = new UsageBook({ store, clock, log });
    for (const service of store.view.all('services')) if (service.spec.autoscale) this.#measured.add(service.id);
    this.#unsubscribes = [
      store.onChange((change) => this.#changed(change)),
      presence.onChange(() => presence.id === undefined && this.#losePlace()),
    ];
    this.#sweep = repeat(clock, this.#times.heartbeatMs / 4, (lateMs) => this.#lookAfterSessions(lateMs));
  }

  accept(socket: SessionSocket, nodeId: string): void {
    if (this.#stopped || this.#presence.id === undefined) {
      socket.close(CLOSE_CODES.goingAway, this.#stopped ? 'the manager stops' : NO_PLACE);
      return;
    }
    const former = this.#sessions.get(nodeId);
    const session = new AgentSession(nodeId, socket, this);
    this.#sessions.set(nodeId, session);
    this.#feeds.delete(nodeId);
    if (former) this.#probes.gone(nodeId);
    former?.refuse('replaced', 'a newer session of this node took the place of this one', false);
    session.start();
  }

  acceptStream(socket: SessionSocket, streamId: string, nodeId: string): void {
    this.#dials.accept(socket, streamId, nodeId);
  }

  openLogs(nodeId: string, taskId: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogFrame> {
    const session = this.#sessions.get(nodeId);
    const name = this.#store.view.get('nodes', nodeId)?.name ?? nodeId;
    return this.#logs.open({ id: nodeId, name }, taskId, options, signal, session && ((message) => session.send(message)));
  }

  async openForward(nodeId: string, taskId: string, port: number, signal: AbortSignal): Promise<SessionSocket> {
    const session = this.#sessions.get(nodeId);
    const name = this.#store.view.get('nodes', nodeId)?.name ?? nodeId;
    if (!session) throw new ApiError('unavailable', `node ${name} is not connected`);
    return this.#dials.dialled(nodeId, (streamId) => session.send({ type: 'open-forward', streamId, taskId, port }), signal);
  }

  async probe(nodeId: string, request: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer> {
    const session = this.#sessions.get(nodeId);
    if (!session) return { kind: 'failed', message: 'it is not connected to this manager' };
    return this.#probes.ask(nodeId, (probeId) => session.send({ type: 'probe', probeId, request }), signal);
  }

  probed(nodeId: string, probeId: string, answer: ProbeAnswer): void {
    this.#probes.answered(nodeId, probeId, answer);
  }

  async *applied(nodeIds: readonly string[], revision: number, signal: AbortSignal): AsyncIterable<string[]> {
    yield [];
    await this.#store.waitFor(revision, signal);
    const own = nodeIds.filter((nodeId) => !this.#managerOf(nodeId));
    yield* appliedNodes({ book: this.#applied, clock: this.clock, limitMs: LEAVE_LIMIT_MS }, own, signal);
  }

  untilApplied(nodeIds: ReadonlySet<string>, signal: AbortSignal): Promise<string[]> {
    const wait = { everywhere: this.#everywhere, clock: this.clock, limitMs: LEAVE_LIMIT_MS };
    return untilApplied(wait, nodeIds, this.#store.view.revision, signal);
  }

  resolveImage(image: string): Promise<ResolvedImage> {
    for (const session of this.#sessions.values()) if (session.held) return this.#images.ask(image, (message) => session.send(message));
    return Promise.resolve({ error: 'no node is connected to this manager' });
  }

  imageResolved(answer: Extract<AgentMessage, { type: 'image-resolved' }>): void {
    this.#images.answered(answer);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#liveness.judgeNobody();
    this.#leaving.stop();
    this.#rounds.stop();
    for (const unsubscribe of this.#unsubscribes) unsubscribe();
    this.#deltaTick?.cancel();
    this.#sweep.cancel();
    const sessions = [...this.#sessions.values()];
    for (const session of sessions) session.refuse('manager-stops', 'the manager stops', false);
    await this.#queue.stop();
    await Promise.all(sessions.map((session) => session.settled()));
  }

  async isMember(nodeId: string, signal: AbortSignal): Promise<boolean> {
    const wait = { clock: this.clock, what: 'the node', limitMs: this.#times.memberLimitMs, signal };
    return until(() => this.#store.view.get('nodes', nodeId), wait).then(
      () => true,
      () => false,
    );
  }

  claim(session: AgentSession): Promise<NodeSession | undefined> {
    return this.#liveness.claim(session.nodeId, () => this.#sessions.get(session.nodeId) === session);
  }

  connected(nodeId: string, held: NodeSession, description: NodeDescription): Promise<void> {
    this.log.info({ nodeId, address: description.address }, 'dispatcher: node connected');
    return this.#liveness.connected(nodeId, held, description);
  }

  described(nodeId: string, held: NodeSession, description: NodeDescription): Promise<void> {
    return this.#liveness.described(nodeId, held, description);
  }

  used(nodeId: string, tasks: readonly TaskUsage[]): Promise<void> {
    return this.#usage.take(nodeId, tasks);
  }

  measured(): string[] {
    return [...this.#measured];
  }

  openFeed(session: AgentSession): NodeFeed {
    const feed = new NodeFeed(session.nodeId, this.#projector, () => this.#markDirty(session.nodeId));
    this.#feeds.set(session.nodeId, feed);
    this.#applied.opened(session.nodeId);
    // Whoever told them to go may not have lived to see that nobody sends clients to them.
    for (const task of this.#store.view.tasksOfNode(session.nodeId)) if (isLive(task) && isToldToGo(task)) this.#leaving.hold(task);
    return feed;
  }

  flushed(session: AgentSession, seq: number): void {
    if (this.#sessions.get(session.nodeId) === session) this.#applied.flushed(session.nodeId, seq);
  }

  setApplied(session: AgentSession, seq: number): void {
    if (this.#sessions.get(session.nodeId) === session) this.#applied.applied(session.nodeId, seq);
  }

  closed(session: AgentSession, reason: string, isSilent: boolean): void {
    if (this.#sessions.get(session.nodeId) !== session) return;
    this.log.info({ nodeId: session.nodeId, reason }, 'dispatcher: node disconnected');
    this.#sessions.delete(session.nodeId);
    this.#usage.forget(session.nodeId);
    this.#probes.gone(session.nodeId);
    this.#feeds.delete(session.nodeId);
    if (!session.held) return;
    const graceMs = isSilent ? this.#times.reconnectGraceMs : this.#times.restartGraceMs;
    this.#liveness.disconnected(session.nodeId, session.held, graceMs, reason);
  }

  /** Others judge this manager's nodes now: their agents shall look for a manager that has its place. */
  #losePlace(): void {
    this.#liveness.judgeNobody();
    for (const session of [...this.#sessions.values()]) session.refuse('manager-without-store', NO_PLACE, false);
  }

  #changed(change: ObjectChange): void {
    this.#router.route(change);
    if (change.kind === 'services') this.#measure(change.id, change.object?.spec.autoscale !== undefined);
    if (change.kind !== 'nodes') return;
    const session = this.#sessions.get(change.id);
    if (!change.object) session?.refuse('node-removed', 'this node was removed from the cluster', true);
    else if (session?.held && !sameSession(change.object.session, session.held))
      session.refuse('moved', 'the node has a newer session, with another manager', false);
  }

  /** Tells the agents when the list of services to measure has changed. */
  #measure(serviceId: string, isAutoscaled: boolean): void {
    if (this.#measured.has(serviceId) === isAutoscaled) return;
    if (isAutoscaled) this.#measured.add(serviceId);
    else this.#measured.delete(serviceId);
    for (const nodeId of this.#feeds.keys()) this.#sessions.get(nodeId)?.send({ type: 'measure', serviceIds: this.measured() });
  }

  #markDirty(nodeId: string): void {
    this.#dirty.add(nodeId);
    this.#deltaTick ??= this.clock.timer(this.#times.deltaTickMs, () => {
      this.#deltaTick = undefined;
      const nodeIds = [...this.#dirty];
      this.#dirty.clear();
      for (const id of nodeIds) this.#sessions.get(id)?.flush();
    });
  }

  #managerOf(nodeId: string): Manager | undefined {
    return otherManagerOf(this.#store.view, nodeId, this.#presence.id);
  }

  /**
   * Cuts sessions that went silent, sends to agents that have caught up again, and judges nodes that have no session.
   * @param lateMs for so long this manager did not run, and heard nobody
   */
  #lookAfterSessions(lateMs: number): void {
    this.#liveness.judge(lateMs);
    const limitMs = this.#times.nodeTimeoutMs - this.#times.reconnectGraceMs;
    for (const session of this.#sessions.values()) {
      session.excuse(lateMs);
      if (session.silentForMs() > limitMs) session.cut(`its agent was silent for ${limitMs} ms`);
      else session.flush();
    }
  }
}
