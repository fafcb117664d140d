import type { LogOptions, TaskAssignment } from '@tessera/api';
import { type Clock, type Log, newId, type Random, withDeadline } from '@tessera/kit';
import type { ObservedContainer } from '../model/container.js';
import { newRecord, type TaskRecord } from '../model/task-record.js';
import { type ContainerContext, containerRequest } from '../plan/container-config.js';
import { failureStatus, type StepFailure } from '../plan/failure.js';
import { LAST_LINES, lastWords } from '../plan/last-words.js';
import { taskFiles } from '../plan/mounts.js';
import { afterEnd } from '../plan/plan-task.js';
import { afterFailedReload, wantedFiles } from '../plan/reload.js';
import type { Step } from '../plan/step.js';
import { type NodeFacts, SpecError } from '../plan/template.js';
import type { Engine } from '../ports/engine.js';
import { EngineError } from '../ports/engine.js';
import type { FileStore, StoredFile } from '../ports/file-store.js';
import type { NetworkPlug, NodeNetwork } from '../ports/node-network.js';
import type { ProcessKiller } from '../ports/process-killer.js';
import type { AgentState } from './agent-state.js';
import type { Pulls } from './pulls.js';
import { Semaphore } from './semaphore.js';

export interface ExecutorOptions {
  clusterId: string;
  node: NodeFacts;
  state: AgentState;
  engine: Engine;
  network: NodeNetwork;
  /** What is missing of a network on this node, in words; `undefined` once it was set up, and not only ordered. */
  networkLack(networkId: string): string | undefined;
  /** Whether the task may run now, as far as reaching a manager is concerned. */
  mayRun(assignment: TaskAssignment): boolean;
  killer: ProcessKiller;
  files: FileStore;
  pulls: Pulls;
  clock: Clock;
  random: Random;
  log: Log;
}

/** The network of a task is not there yet: try again when it is. */
export class NetworkNotReady extends Error {
  override readonly name = 'NetworkNotReady';
}

type StepOf<K extends Step['type']> = Extract<Step, { type: K }>;
type Table = { [K in Step['type']]: (taskId: string, step: StepOf<K>, signal: AbortSignal) => Promise<void> | void };

/** Creates, starts and removals under way at a time: more only slow each other down in the engine. */
const CONCURRENT_CALLS = 8;
/** A call that takes longer may hang for long: an engine that was killed and started again, a disk that does not answer. */
const LONGEST_HOLD_MS = 5_000;
const PROGRESS_INTERVAL_MS = 1_000;
const LOG_LIMIT_MS = 2_000;
const TAIL: LogOptions = { follow: false, tail: LAST_LINES, timestamps: false, stdout: true, stderr: true };

/** Carries out the steps of a plan. */
export class Executor {
  readonly #options: ExecutorOptions;
  readonly #calls: Semaphore;
  readonly #table: Table;
  /** Tasks that have pulled their image: waiting for something else must not pull it again and again. */
  readonly #pulled = new Set<string>();

  constructor(options: ExecutorOptions) {
    const { state, engine, network, files, clock, log } = options;
    const limited = (work: () => Promise<void>): Promise<void> => this.#calls.run(work);
    this.#options = options;
    this.#calls = new Semaphore({ clock, limit: CONCURRENT_CALLS, holdMs: LONGEST_HOLD_MS });
    this.#table = {
      report: (taskId, { change }) => state.report(taskId, change, clock.now()),
      'ensure-image': (taskId, _step, signal) => this.#ensureImage(taskId, signal),
      'write-files': (taskId) => this.#writeFiles(taskId),
      reload: (taskId, step) => this.#reload(taskId, step),
      create: (taskId) => limited(() => this.#create(taskId)),
      start: async (taskId, { containerId }) => {
        // It may have waited for its turn.
        await limited(async () => (options.mayRun(this.#record(taskId).assignment) ? engine.start(containerId) : undefined));
        network.containersChanged();
      },
      stop: (_taskId, step, signal) => this.#stop(step, signal),
      'end-strays': (taskId, { containerId }) => this.#endStrays(taskId, containerId),
      condemn: (taskId, { reason }) => state.update(taskId, { endReason: reason }),
      'read-last-words': (taskId, { container }) => this.#readLastWords(taskId, container),
      'remove-container': (_taskId, { containerId }) => limited(() => engine.remove(containerId)),
      'remove-files': (taskId) => files.remove(taskId),
      restart: (taskId, step) => this.#restart(taskId, step),
      'no-restart': (taskId, { reason }) => {
        log.info({ taskId, reason }, 'task is not restarted');
        state.update(taskId, { restartSettled: true });
      },
      forget: (taskId) => state.forget(taskId),
    };
  }

  /**
   * Carries out `steps` in order. A step that cannot succeed ends the task with a status that says why.
   * @throws what passes by itself (the engine is gone, a call timed out, the network is not ready): plan again later.
   */
  async run(taskId: string, steps: readonly Step[], signal: AbortSignal): Promise<void> {
    for (const step of steps) {
      this.#options.log.debug({ taskId, step: step.type }, 'step');
      try {
        await this.#one(taskId, step, signal);
      } catch (error) {
        await this.#fail(taskId, step, error, signal);
        return;
      }
    }
  }

  async #one<K extends Step['type']>(taskId: string, step: StepOf<K>, signal: AbortSignal): Promise<void> {
    const carryOut = this.#table[step.type as K];
    await carryOut(taskId, step, signal);
  }

  /** Ends the task, and tells at once whether it has a successor. */
  async #fail(taskId: string, step: Step, error: unknown, signal: AbortSignal): Promise<void> {
    const failure = failureOf(error);
    const status = failure && isLaunch(step) ? failureStatus(step.type === 'start' ? 'start' : 'prepare', failure) : undefined;
    if (!status) throw error;
    const { clock, log, state } = this.#options;
    log.warn({ taskId, step: step.type, reason: status.error }, `task ${status.state}`);
    this.#pulled.delete(taskId);
    state.report(taskId, status, clock.now());
    for (const next of afterEnd(this.#record(taskId))) await this.#one(taskId, next, signal);
  }

  /** A log that cannot be read, or not soon, holds up no restart. */
  async #readLastWords(taskId: string, container: ObservedContainer): Promise<void> {
    const { clock, engine, log, state } = this.#options;
    const stop = new AbortController();
    const lines: string[] = [];
    const read = async (): Promise<void> => {
      for await (const frame of engine.logs(container, TAIL, stop.signal)) {
        if (frame.type === 'line') lines.push(frame.text);
        if (lines.length > LAST_LINES) lines.shift();
      }
    };
    await withDeadline(clock, LOG_LIMIT_MS, read(), () => new EngineError('timeout', 'its log did not come in time')).catch((error) => {
      log.warn({ taskId, error }, 'the log of a failed task could not be read');
    });
    stop.abort();
    state.update(taskId, { lastWords: lastWords(lines) });
  }

  #record(taskId: string): TaskRecord {
    const record = this.#options.state.records.get(taskId);
    if (!record) throw new Error(`task ${taskId} is not known any more`);
    return record;
  }

  async #ensureImage(taskId: string, signal: AbortSignal): Promise<void> {
    const { clock, pulls, state } = this.#options;
    let lastAt = Number.NEGATIVE_INFINITY;
    const onProgress = (message: string): void => {
      if (clock.monotonic() - lastAt < PROGRESS_INTERVAL_MS) return;
      lastAt = clock.monotonic();
      state.report(taskId, { state: 'preparing', message }, clock.now());
    };
    const { assignment } = this.#record(taskId);
    const { container } = assignment.template;
    const wanted = this.#pulled.has(taskId) ? { ...container, pullPolicy: 'missing' as const } : container;
    const image = await pulls.ensure(wanted, { signal, onProgress });
    if (container.pullPolicy === 'always') this.#pulled.add(taskId);
    const imageDigest = image.digests[0]?.split('@')[1] ?? image.id;
    state.report(taskId, { state: 'preparing', message: this.#lackOf(assignment) ?? 'creating container', imageDigest }, clock.now());
  }

  async #writeFiles(taskId: string): Promise<void> {
    const { files, state } = this.#options;
    const stored = taskFiles(this.#record(taskId).assignment).map(({ fileId, reference, fileName }): StoredFile => {
      const content = state.file(fileId);
      if (!content) throw new SpecError(`the content of "${reference.source}" did not come with the task`);
      const data = Buffer.from(content.data, 'base64');
      return { name: fileName, data, uid: numericId(reference.uid), gid: numericId(reference.gid), mode: reference.mode };
    });
    await files.write(taskId, stored);
    const { files: had } = this.#record(taskId);
    // What it has is known from when its program is told: at its start, or by a reload.
    if (!had) state.update(taskId, { files: wantedFiles(this.#record(taskId).assignment) });
  }

  /** A program that refuses new contents runs on with what it has, and is asked again later. */
  async #reload(taskId: string, { containerId, files }: StepOf<'reload'>): Promise<void> {
    const { clock, log, state } = this.#options;
    try {
      await this.#writeFiles(taskId);
      await this.#tellOfFiles(taskId, containerId);
      state.update(taskId, { files, reloadedAt: clock.now() });
      log.info({ taskId }, 'files reloaded');
    } catch (error) {
      const reason = failureOf(error)?.message ?? (error as Error).message;
      log.warn({ taskId, reason }, 'files could not be reloaded');
      state.update(taskId, { reloading: afterFailedReload(this.#record(taskId), files, reason, clock.now()) });
    }
  }

  async #tellOfFiles(taskId: string, containerId: string): Promise<void> {
    const { engine } = this.#options;
    const { reload } = this.#record(taskId).assignment.template;
    if (!reload) return;
    if ('signal' in reload) return engine.signal(containerId, reload.signal);
    const { exitCode, output } = await engine.exec(containerId, reload.command);
    if (exitCode !== 0) throw new Error(`${reload.command[0]} ended with ${exitCode}: ${lastWords(output.split('\n')) || 'no output'}`);
  }

  async #create(taskId: string): Promise<void> {
    const { clusterId, node, engine, files } = this.#options;
    const { assignment } = this.#record(taskId);
    const context: ContainerContext = { clusterId, node, plugs: this.#plugs(assignment), filesFolder: files.folder(taskId) };
    await engine.create(containerRequest(assignment, context));
    this.#pulled.delete(taskId);
  }

  /** What the task waits for before its container can be made, in words. */
  #lackOf({ networks, template }: TaskAssignment): string | undefined {
    if (template.container.networkMode) return undefined;
    for (const { networkId, name } of networks) {
      const lack = this.#options.networkLack(networkId);
      if (lack !== undefined) return `waiting for network ${name}: ${lack}`;
    }
    return undefined;
  }

  #plugs(assignment: TaskAssignment): Record<string, NetworkPlug> {
    const { network } = this.#options;
    const { networks, template } = assignment;
    if (template.container.networkMode) return {};
    const lack = this.#lackOf(assignment);
    if (lack !== undefined) throw new NetworkNotReady(lack);
    return Object.fromEntries(networks.map(({ networkId }) => [networkId, network.plug(networkId)]));
  }

  async #stop({ containerId, graceMs, drain }: StepOf<'stop'>, signal: AbortSignal): Promise<void> {
    const { clock, engine, network } = this.#options;
    const startedAt = clock.monotonic();
    if (drain) await network.drained(drain.addresses, drain.limitMs, signal);
    await engine.stop(containerId, Math.max(0, graceMs - (clock.monotonic() - startedAt)));
  }

  /** An engine that was killed in the middle of a start does not know, when it is back, of the process that it was starting. */
  async #endStrays(taskId: string, containerId: string): Promise<void> {
    const { killer, log } = this.#options;
    const processes = await killer.kill(containerId);
    if (processes > 0) log.warn({ taskId, containerId, processes }, 'processes that the engine had lost were killed');
  }

  #restart(taskId: string, { startAfter, restarts, restart }: StepOf<'restart'>): void {
    const { clock, random, state, log } = this.#options;
    const { assignment } = this.#record(taskId);
    const id = newId(random);
    const record = newRecord({ ...assignment, id, startAfter, restarts, restart }, clock.now());
    log.info({ taskId, successor: id, startAfter, attempt: restart.attempt }, 'task is restarted as a new one');
    state.succeed(taskId, { ...record, known: false, successorOf: taskId });
  }
}

/** Steps whose failure is the task's: the others are tried again. */
function isLaunch({ type }: Step): boolean {
  return type === 'ensure-image' || type === 'write-files' || type === 'create' || type === 'start';
}

function failureOf(error: unknown): StepFailure | undefined {
  if (error instanceof EngineError) return { kind: error.kind, message: error.message };
  if (error instanceof SpecError) return { kind: 'spec', message: error.message };
  return undefined;
}

function numericId(id: string): number {
  const value = Number(id);
  if (!Number.isInteger(value) || value < 0)
    throw new SpecError(`owner "${id}" of a file is not a number: names are not known outside of the container`);
  return value;
}
