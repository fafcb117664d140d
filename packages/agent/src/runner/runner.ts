import type { Duplex } from 'node:stream';
import {
  compareStates,
  isFencedTemplate,
  isTerminal,
  type LogFrame,
  type LogOptions,
  type NodeDescription,
  type NodeSetItems,
  type TaskReport,
  type TaskUsage,
} from '@tessera/api';
import { ReconcileLoop } from '@tessera/kit';
import { ImageCleaner } from '../images/image-cleaner.js';
import type { ImageLimits } from '../images/plan-cleanup.js';
import type { ObservedContainer } from '../model/container.js';
import { containerName, LABELS } from '../model/labels.js';
import { reportOf, type TaskRecord, withoutAddresses } from '../model/task-record.js';
import { planTask } from '../plan/plan-task.js';
import { planRetention, type RetentionLimits } from '../plan/retention.js';
import type { AgentCore, RemovedItems } from '../ports/core.js';
import { EngineError, type EngineErrorKind } from '../ports/engine.js';
import type { GrantStore } from '../ports/grant-store.js';
import { NetworkIncomplete } from '../ports/node-network.js';
import type { TaskDb } from '../ports/task-db.js';
import { UsageMeter } from '../usage/usage-meter.js';
import { AgentState } from './agent-state.js';
import { connectTo } from './container-port.js';
import { Executor, type ExecutorOptions, NetworkNotReady } from './executor.js';
import { Fence } from './fence.js';
import { Pulls } from './pulls.js';

export interface RunnerOptions extends Omit<ExecutorOptions, 'state' | 'pulls' | 'networkLack' | 'mayRun'> {
  grants: GrantStore;
  db: TaskDb;
  retention: RetentionLimits;
  images: ImageLimits;
  /** `ownPorts`: `80/tcp` for each port that tasks of the agent hold on the host. */
  describe(ownPorts: ReadonlySet<string>): Promise<NodeDescription>;
}

/** Keys of the loop that are no task ids: those have no colon. */
const NETWORK_KEY = 'node:network';
const LISTING_KEY = 'node:listing';
const CLEANUP_KEY = 'node:cleanup';
/** Tasks worked on at a time; most of them wait for a stop or a pull. */
const CONCURRENT_TASKS = 64;
/** Steps of one task lead to rest within a few rounds; more is a planner that does not come to rest. */
const MAX_ROUNDS = 20;
const NETWORK_RECHECK_MS = 250;
/** Failures that say nothing of what was asked for, but that the engine is not there. */
const AWAY: ReadonlySet<EngineErrorKind> = new Set(['gone', 'timeout']);
/** Everything is looked at again so often, whatever events said. */
const LISTING_INTERVAL_MS = 30_000;
const CLEANUP_INTERVAL_MS = 60_000;
/** What an agent ran before may be wanted no more: a manager is given so long to say so before anything of it starts again. */
const HEARING_MS = 3_000;

/**
 * Runs the desired set on the local engine: for each task that may have changed it looks, plans and carries out, until nothing is left to
 * do. Holds no truth of its own: after a crash of the agent or the engine it goes on from the database and what it finds.
 */
export class Runner implements AgentCore {
  readonly #options: RunnerOptions;
  readonly #state: AgentState;
  readonly #executor: Executor;
  readonly #cleaner: ImageCleaner;
  readonly #fence: Fence;
  readonly #meter: UsageMeter;
  readonly #loop: ReconcileLoop;
  readonly #stop = new AbortController();
  /** Tasks whose container may have processes that its engine does not know of. */
  readonly #strayed = new Set<string>();
  /** Nothing starts before, unless a manager has spoken. */
  #startsFrom = 0;
  /** Ids of containers by task, as listings and events told: the way to containers of tasks that nobody knows. */
  readonly #containerIds = new Map<string, string>();
  #readyNetworks: ReadonlySet<string> = new Set();
  readonly #onApplied = new Set<(seq: number) => void>();
  #completeSets = 0;
  /** Why the network was not set up the last time, if so. */
  #networkFailure: string | undefined;
  /** Ends the wait for an image when the task is to end. */
  readonly #interrupts = new Map<string, AbortController>();

  constructor(options: RunnerOptions) {
    const { clock, random, log } = options;
    this.#options = options;
    this.#state = new AgentState(options.db);
    this.#meter = new UsageMeter(options.engine, clock);
    this.#cleaner = new ImageCleaner({ ...options, limits: options.images });
    const pulls = new Pulls(options.engine, (reference) => this.#cleaner.pulled(reference));
    this.#fence = new Fence({
      ...options,
      nodeId: options.node.id,
      containers: () => this.#fenced().flatMap(({ status }) => status.containerId ?? []),
      condemn: (taskId, reason) => this.#condemn(taskId, reason),
      onOpen: () => {
        for (const { assignment } of this.#fenced()) this.#loop.mark(assignment.id);
      },
    });
    this.#executor = new Executor({
      ...options,
      state: this.#state,
      pulls,
      networkLack: (id) => this.#networkLack(id),
      mayRun: ({ template }) => !isFencedTemplate(template) || !this.#fence.isShut,
    });
    this.#loop = new ReconcileLoop({
      name: 'agent',
      clock,
      random,
      log,
      concurrency: CONCURRENT_TASKS,
      reconcile: (key) => this.#reconcile(key),
    });
  }

  /** Begins to work: with what is saved, also before any manager answers. */
  start(): void {
    this.#startsFrom = this.#options.clock.now() + HEARING_MS;
    this.#loop.mark(NETWORK_KEY);
    this.#loop.mark(CLEANUP_KEY);
    void this.#watch();
    this.#fence.start();
  }

  /** Stops working; containers run on. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#fence.stop();
    for (const interrupt of this.#interrupts.values()) interrupt.abort();
    await this.#loop.stop();
  }

  describe(): Promise<NodeDescription> {
    const live = [...this.#state.records.values()].filter(({ status }) => !isTerminal(status.state));
    const ports = live.flatMap(({ assignment }) => assignment.hostPorts);
    return this.#options.describe(new Set(ports.map(({ published, protocol }) => `${published}/${protocol}`)));
  }

  heldTasks(): TaskReport[] {
    return [...this.#state.records.values()].map(reportOf);
  }

  async replaceDesired(seq: number, items: NodeSetItems): Promise<void> {
    const wasEmpty = this.#state.isEmpty;
    this.#completeSets += 1;
    this.#startsFrom = 0;
    this.#taken(this.#state.replace(seq, items, this.#options.clock.now()));
    // Leftovers of earlier runs were spared until now.
    if (wasEmpty) this.#loop.mark(LISTING_KEY);
    for (const [taskId] of this.#state.records) this.#loop.mark(taskId);
  }

  async mergeDesired(seq: number, put: NodeSetItems, remove: RemovedItems): Promise<void> {
    this.#taken(this.#state.merge(seq, put, remove, this.#options.clock.now()));
  }

  granted(sentAtMs: number): void {
    this.#fence.granted(sentAtMs);
  }

  onApplied(listener: (seq: number) => void): () => void {
    this.#onApplied.add(listener);
    return () => void this.#onApplied.delete(listener);
  }

  onReport(listener: (report: TaskReport) => void): () => void {
    return this.#state.onReport(listener);
  }

  confirmReported(reports: readonly TaskReport[]): void {
    for (const { taskId, status } of reports) {
      const record = this.#state.records.get(taskId);
      if (!record || record.confirmed || !isTerminal(status.state) || record.status.state !== status.state) continue;
      this.#state.update(taskId, { confirmed: true });
      this.#loop.mark(taskId);
    }
  }

  usage(serviceIds: ReadonlySet<string>): Promise<TaskUsage[]> {
    const running = [...this.#state.records.values()].flatMap(({ assignment, status }) => {
      const { id: taskId, serviceId } = assignment;
      const { state, containerId } = status;
      return state === 'running' && containerId !== undefined && serviceIds.has(serviceId) ? [{ taskId, containerId }] : [];
    });
    return this.#meter.measure(running);
  }

  resolveImage(image: string): Promise<string> {
    return this.#options.engine.digest(image);
  }

  async *logs(taskId: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogFrame> {
    const container = await this.#find(taskId);
    if (container) return yield* this.#options.engine.logs(container, options, signal);
    const message = `task ${taskId} has no container on this node: it has not been created, or was cleaned up`;
    yield { type: 'error', message, code: 'no-container' };
  }

  async connect(taskId: string, port: number): Promise<Duplex> {
    return connectTo(await this.#find(taskId), port);
  }

  #taken(changed: readonly string[]): void {
    this.#loop.mark(NETWORK_KEY);
    for (const taskId of changed) {
      const desired = this.#state.records.get(taskId)?.assignment.desired;
      if (desired === 'shutdown' || desired === 'remove') this.#interrupts.get(taskId)?.abort();
      this.#loop.mark(taskId);
    }
  }

  async #watch(): Promise<void> {
    const { engine, node } = this.#options;
    for await (const event of engine.events(`${LABELS.node}=${node.id}`, this.#stop.signal)) {
      if (!event) this.#engineIsBack();
      else if (event.taskId !== undefined) {
        this.#containerIds.set(event.taskId, event.containerId);
        if (event.hasEnded) this.#tellEnded(event.taskId);
        this.#loop.mark(event.taskId);
      }
    }
  }

  /** The stream of events began anew, at first or because the engine was away: anything may have happened. */
  #engineIsBack(): void {
    for (const [taskId, { status }] of this.#state.records) if (!isTerminal(status.state)) this.#strayed.add(taskId);
    this.#loop.mark(LISTING_KEY);
  }

  /** The engine tells of the end at once, and answers for the container only when it has taken its network down. */
  #tellEnded(taskId: string): void {
    const record = this.#state.records.get(taskId);
    if (record?.assignment.desired === 'running') this.#state.report(taskId, withoutAddresses(record.status), this.#options.clock.now());
  }

  #reconcile(key: string): Promise<number | undefined> {
    if (key === NETWORK_KEY) return this.#reconcileNetwork();
    if (key === LISTING_KEY) return this.#list();
    if (key === CLEANUP_KEY) return this.#cleanUp();
    return this.#reconcileTask(key);
  }

  async #reconcileNetwork(): Promise<undefined> {
    const change = this.#state.takeNetworkChange();
    const { seq } = this.#state;
    const sets = this.#completeSets;
    const wanted = new Set(change.networks.map(({ id }) => id));
    const isOneNew = [...wanted].some((id) => !this.#readyNetworks.has(id));
    this.#readyNetworks = new Set([...this.#readyNetworks].filter((id) => wanted.has(id)));
    try {
      await this.#options.network.apply(change);
      this.#networkFailure = undefined;
    } catch (error) {
      this.#networkFailure = (error as Error).message;
      // The managers wait for clients to be sent right, and for nothing else.
      if (error instanceof NetworkIncomplete) this.#tellApplied(sets, seq);
      throw error;
    }
    this.#readyNetworks = wanted;
    this.#tellApplied(sets, seq);
    if (isOneNew) for (const [taskId, { status }] of this.#state.records) if (!isTerminal(status.state)) this.#loop.mark(taskId);
  }

  /** Numbers begin anew with each complete set. */
  #tellApplied(sets: number, seq: number): void {
    if (sets === this.#completeSets) for (const listener of this.#onApplied) listener(seq);
  }

  #networkLack(networkId: string): string | undefined {
    if (this.#readyNetworks.has(networkId)) return undefined;
    if (!this.#state.networks().some(({ id }) => id === networkId)) return 'this node has no addresses of it yet';
    return this.#networkFailure === undefined ? 'it is being set up on this node' : `it cannot be set up: ${this.#networkFailure}`;
  }

  async #list(): Promise<number> {
    const { engine, node, files } = this.#options;
    const containers = await engine.list(`${LABELS.node}=${node.id}`);
    const held = new Set(this.#state.records.keys());
    for (const { id, labels } of containers) {
      const taskId = labels[LABELS.task];
      if (taskId === undefined) continue;
      this.#containerIds.set(taskId, id);
      held.add(taskId);
    }
    // What has ended never starts again: its secrets go, though its container may stay for its log.
    await files.keepOnly(new Set([...held].filter((taskId) => !this.#state.records.has(taskId) || !this.#hasEnded(taskId))));
    for (const taskId of held) this.#loop.mark(taskId);
    return LISTING_INTERVAL_MS;
  }

  /** Removes what is kept no longer: ended containers, links of long chains of restarts, unused images. */
  async #cleanUp(): Promise<number> {
    const { engine, files, retention, clock, node } = this.#options;
    const { containers, collapse } = planRetention(this.#state.records.values(), retention, clock.now());
    const surplus = new Set(containers);
    for (const { id, labels, running } of await engine.list(`${LABELS.node}=${node.id}`)) {
      const taskId = labels[LABELS.task] ?? '';
      if (running || !surplus.has(taskId)) continue;
      await engine.remove(id);
      await files.remove(taskId);
    }
    this.#state.collapse(collapse);
    await this.#cleaner.clean(this.#state.records.values());
    return CLEANUP_INTERVAL_MS;
  }

  async #reconcileTask(taskId: string): Promise<number | undefined> {
    try {
      return await this.#bringToRest(taskId);
    } catch (error) {
      this.#strayed.add(taskId);
      if (error instanceof EngineError && AWAY.has(error.kind)) this.#tellEngineAway(taskId);
      throw error;
    }
  }

  /** Why a task that is about to start does not go on. What runs may well run on without the engine. */
  #tellEngineAway(taskId: string): void {
    const { state } = this.#state.records.get(taskId)?.status ?? {};
    if (state === undefined || compareStates(state, 'running') >= 0) return;
    this.#state.report(taskId, { state, message: 'waiting for the Docker engine, which does not answer' }, this.#options.clock.now());
  }

  async #bringToRest(taskId: string): Promise<number | undefined> {
    const { clock } = this.#options;
    for (let round = 0; round < MAX_ROUNDS && !this.#stop.signal.aborted; round += 1) {
      const record = this.#state.records.get(taskId);
      if (!record && this.#state.isEmpty) return undefined;
      const container = await this.#find(taskId);
      const mayHaveStrays = this.#strayed.delete(taskId);
      const { isShut: isFenceShut } = this.#fence;
      const startsFrom = this.#startsFrom;
      const { steps, wakeAt } = planTask(
        { ...(record && { record }), ...(container && { container }), isFenceShut, startsFrom, mayHaveStrays },
        clock.now(),
      );
      if (steps.length === 0) return wakeAt === undefined ? undefined : Math.max(0, wakeAt - clock.now());
      const before = new Set(this.#state.records.keys());
      if (!(await this.#carryOut(taskId, steps))) return NETWORK_RECHECK_MS;
      this.#markNew(before);
      // It may have been the last one on a network that is to go.
      if (this.#state.hasFormerNetworks && this.#hasEnded(taskId)) this.#loop.mark(NETWORK_KEY);
    }
    if (this.#stop.signal.aborted) return undefined;
    throw new Error(`task ${taskId} does not come to rest`);
  }

  /** Live tasks that must not run where no manager can be reached. */
  #fenced(): TaskRecord[] {
    const live = [...this.#state.records.values()].filter(({ status }) => !isTerminal(status.state));
    return live.filter(({ assignment }) => isFencedTemplate(assignment.template));
  }

  #condemn(taskId: string, endReason: string): void {
    const record = this.#state.records.get(taskId);
    if (record && !isTerminal(record.status.state) && record.endReason === undefined) this.#state.update(taskId, { endReason });
  }

  #hasEnded(taskId: string): boolean {
    const record = this.#state.records.get(taskId);
    return !record || isTerminal(record.status.state);
  }

  /** Returns false when the task waits for its network. */
  async #carryOut(taskId: string, steps: Parameters<Executor['run']>[1]): Promise<boolean> {
    const interrupt = new AbortController();
    this.#interrupts.set(taskId, interrupt);
    try {
      await this.#executor.run(taskId, steps, interrupt.signal);
    } catch (error) {
      if (error instanceof NetworkNotReady) return false;
      // Someone removed the Docker network: it is made anew.
      if (error instanceof EngineError && error.kind === 'no-such-network') this.#loop.mark(NETWORK_KEY);
      if (!interrupt.signal.aborted) throw error;
    } finally {
      this.#interrupts.delete(taskId);
    }
    return true;
  }

  /** Successors that were born by the steps just done have work of their own. */
  #markNew(before: ReadonlySet<string>): void {
    for (const taskId of this.#state.records.keys()) if (!before.has(taskId)) this.#loop.mark(taskId);
  }

  async #find(taskId: string): Promise<ObservedContainer | undefined> {
    const { engine, node } = this.#options;
    const record = this.#state.records.get(taskId);
    const known = this.#containerIds.get(taskId);
    const byId = known === undefined ? undefined : await engine.inspect(known);
    const found = byId ?? (record && (await engine.inspect(containerName(record.assignment, node.id))));
    if (!found) this.#containerIds.delete(taskId);
    // A foreign container that took the name is not ours: creating ours fails with a name conflict.
    return found?.labels[LABELS.task] === taskId && found.labels[LABELS.node] === node.id ? found : undefined;
  }
}
