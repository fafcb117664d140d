import type { ObservedContainer } from '@tessera/agent/model/container';
import type { ContainerRequest } from '@tessera/agent/model/container-request';
import { LABELS } from '@tessera/agent/model/labels';
import {
  type ContainerSummary,
  type ContainerUsage,
  type Engine,
  EngineError,
  type EngineErrorKind,
  type EngineEvent,
  type EngineInfo,
  type ImageInfo,
  type PullOptions,
} from '@tessera/agent/ports/engine';
import type { LogFrame } from '@tessera/api';
import { type Clock, newId, type Random, sleep } from '@tessera/kit';
import type { BridgePool } from './bridge-pool.js';
import { behaviourOf } from './images.js';

/** Calls of the engine take up to so long. */
const LONGEST_CALL_MS = 30;
/** A health check says its first word after this, and `unhealthy` after three of them. */
const HEALTH_INTERVAL_MS = 1_000;
const FAILED_CHECKS = 3;
const NANOS_PER_MS = 1_000_000;
/** Exit codes of Docker: after SIGTERM, after SIGKILL, and of containers found dead when dockerd starts. */
const EXIT_TERMINATED = 143;
const EXIT_KILLED = 137;
const EXIT_LOST = 255;

interface SimContainer {
  seen: ObservedContainer;
  request: ContainerRequest;
  /** Grows with each start and end: timers of an earlier life do nothing. */
  life: number;
  /** Processor time used up to the last look, in nanoseconds, and when that was. */
  used: { nanos: number; at: number };
}

export interface SimEngineOptions {
  clock: Clock;
  random: Random;
  bridges: BridgePool;
  /** A container has started or ended. */
  onContainer(container: ObservedContainer): void;
  /** A running container gets its stop signal. */
  onStop(container: ObservedContainer): void;
}

/** A Docker engine under the virtual clock: it outlives its agent, and ends when its host loses power. */
export class SimEngine implements Engine {
  readonly #options: SimEngineOptions;
  readonly #containers = new Map<string, SimContainer>();
  readonly #images = new Set<string>();
  readonly #listeners = new Set<(event: EngineEvent) => void>();
  readonly #failures: EngineErrorKind[] = [];
  /** Cores that each container uses. */
  load = 0.5;
  /** Pulls take so many times longer. */
  pullFactor = 1;
  #isUp = true;
  #impairedAt = Number.NEGATIVE_INFINITY;

  constructor(options: SimEngineOptions) {
    this.#options = options;
  }

  /** What really runs here, whatever anybody believes. */
  running(): ObservedContainer[] {
    return [...this.#containers.values()].map(({ seen }) => seen).filter(({ state }) => state === 'running');
  }

  /** For how long it has answered every call. */
  get atWorkForMs(): number {
    return this.#isUp ? this.#options.clock.monotonic() - this.#impairedAt : 0;
  }

  /** Stops answering; containers run on. */
  setUp(isUp: boolean): void {
    if (this.#isUp !== isUp) this.#impairedAt = this.#options.clock.monotonic();
    this.#isUp = isUp;
    if (isUp) this.#tell(undefined);
  }

  /** The next creates and starts fail so. */
  failNext(...kinds: EngineErrorKind[]): void {
    this.#failures.push(...kinds);
  }

  /** The faults that were set and have not struck are off. */
  heal(): void {
    this.#failures.length = 0;
    this.pullFactor = 1;
    this.setUp(true);
  }

  /** The host loses power: no process is left. @param keepContainers whether the engine finds them, dead, when it is back */
  powerOff(keepContainers: boolean): void {
    this.#listeners.clear();
    this.#isUp = false;
    for (const container of [...this.#containers.values()]) {
      if (container.seen.state === 'running') this.#end(container, EXIT_LOST);
      if (!keepContainers) this.#containers.delete(container.seen.id);
    }
  }

  /** A container ends by itself. */
  crash(containerId: string, exitCode: number): void {
    const container = this.#containers.get(containerId);
    if (container?.seen.state === 'running') this.#end(container, exitCode);
  }

  async info(): Promise<EngineInfo> {
    throw new EngineError('other', 'agents of the simulator describe their hosts by themselves');
  }

  async list(label?: string): Promise<ContainerSummary[]> {
    await this.#call();
    return [...this.#containers.values()]
      .map(({ seen }) => seen)
      .filter(({ labels }) => label === undefined || `${label.split('=')[0]}=${labels[label.split('=')[0] ?? '']}` === label)
      .map(({ id, labels, state, imageId }) => ({ id, labels, running: state === 'running', imageId }));
  }

  async inspect(idOrName: string): Promise<ObservedContainer | undefined> {
    await this.#call();
    return this.#find(idOrName)?.seen;
  }

  async create(request: ContainerRequest): Promise<string> {
    await this.#call();
    this.#failIfDue();
    if (this.#find(request.name)) throw new EngineError('name-conflict', `the name ${request.name} is in use`);
    if (!this.#images.has(request.body.Image)) throw new EngineError('image-not-found', `no such image: ${request.body.Image}`);
    const networks = [...Object.keys(request.body.NetworkingConfig?.EndpointsConfig ?? {}), ...request.moreNetworks];
    for (const name of networks)
      if (!this.#options.bridges.has(name)) throw new EngineError('no-such-network', `network ${name} not found`);
    const seen: ObservedContainer = {
      id: newId(this.#options.random),
      name: request.name,
      labels: request.body.Labels,
      state: 'created',
      oomKilled: false,
      addresses: {},
      addresses6: {},
      networks,
      imageId: imageIdOf(request.body.Image),
      memoryLimitBytes: request.body.HostConfig.Memory ?? 0,
      tty: request.body.Tty,
    };
    const container = { seen, request, life: 0, used: { nanos: 0, at: 0 } };
    this.#containers.set(seen.id, container);
    this.#changed(container, {});
    return seen.id;
  }

  async start(containerId: string): Promise<void> {
    await this.#call();
    this.#failIfDue();
    const container = this.#known(containerId);
    if (container.seen.state === 'running') return;
    const behaviour = behaviourOf(container.request.body.Image);
    if (behaviour.startError) throw new EngineError(behaviour.startError, 'the program cannot be executed');
    this.#bindPorts(container);
    const addresses = Object.fromEntries(container.seen.networks.map((name) => [name, this.#options.bridges.take(name, containerId)]));
    container.life += 1;
    container.used = { nanos: 0, at: this.#options.clock.monotonic() };
    const health = container.request.body.Healthcheck && { health: { status: 'starting' as const, lastOutput: '' } };
    this.#changed(container, { state: 'running', startedAt: this.#options.clock.now(), addresses, ...health });
    this.#live(container);
  }

  async stop(containerId: string, graceMs: number): Promise<void> {
    await this.#call();
    const container = this.#containers.get(containerId);
    if (container?.seen.state !== 'running') return;
    const { life } = container;
    this.#options.onStop(container.seen);
    const { stopMs } = behaviourOf(container.request.body.Image);
    await sleep(this.#options.clock, Math.min(stopMs, graceMs));
    if (container.life === life) this.#end(container, stopMs <= graceMs ? EXIT_TERMINATED : EXIT_KILLED);
    this.#checkUp();
  }

  async signal(containerId: string, _signal: string): Promise<void> {
    await this.#call();
    this.#known(containerId);
  }

  async exec(containerId: string, _command: readonly string[]): Promise<{ exitCode: number; output: string }> {
    await this.#call();
    this.#known(containerId);
    return { exitCode: 0, output: '' };
  }

  async remove(containerId: string): Promise<void> {
    await this.#call();
    const container = this.#containers.get(containerId);
    if (!container) return;
    if (container.seen.state === 'running') this.#end(container, EXIT_KILLED);
    this.#containers.delete(containerId);
    this.#tellOf(container);
  }

  async image(reference: string): Promise<ImageInfo | undefined> {
    await this.#call();
    return this.#images.has(reference) ? imageInfo(reference) : undefined;
  }

  async images(): Promise<ImageInfo[]> {
    await this.#call();
    return [...this.#images].map(imageInfo);
  }

  async volumes(): Promise<string[]> {
    await this.#call();
    return [];
  }

  async removeImage(reference: string): Promise<void> {
    await this.#call();
    this.#images.delete(reference);
  }

  async digest(reference: string): Promise<string> {
    throw new EngineError('registry-unreachable', `no registry is asked for ${reference} here`);
  }

  async pull(reference: string, { signal, onProgress }: PullOptions): Promise<void> {
    await this.#call();
    const { pullMs, pullError } = behaviourOf(reference);
    onProgress('pulling: 0 of 2 layers');
    await sleep(this.#options.clock, pullMs * this.pullFactor * (0.5 + this.#options.random.next()), signal);
    this.#checkUp();
    if (pullError) throw new EngineError(pullError, `${reference} cannot be pulled`);
    this.#images.add(reference);
  }

  async *events(_label: string, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const queue: EngineEvent[] = [undefined];
    let wake = (): void => {};
    const listener = (event: EngineEvent): void => {
      queue.push(event);
      wake();
    };
    this.#listeners.add(listener);
    signal.addEventListener('abort', () => wake());
    while (!signal.aborted) {
      while (queue.length > 0) yield queue.shift();
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    this.#listeners.delete(listener);
  }

  /** As much of a core as `load` says, since the last look, and no memory to speak of. */
  async usage(containerId: string): Promise<ContainerUsage | undefined> {
    const container = this.#containers.get(containerId);
    if (container?.seen.state !== 'running') return undefined;
    const { used } = container;
    const at = this.#options.clock.monotonic();
    container.used = { nanos: used.nanos + (at - used.at) * this.load * NANOS_PER_MS, at };
    return { cpuNanos: container.used.nanos, memoryBytes: 1 };
  }

  async *logs(): AsyncGenerator<LogFrame> {
    yield { type: 'end' };
  }

  /** The container's life from its start on. */
  #live(container: SimContainer): void {
    const { clock } = this.#options;
    const { exits, healthy, failChance } = behaviourOf(container.request.body.Image);
    const { life } = container;
    const later = (delayMs: number, run: () => void): void => {
      clock.timer(delayMs, () => container.life === life && run());
    };
    const isFailure = failChance > 0 && this.#options.random.next() < failChance;
    if (exits) later(exits.afterMs, () => this.#end(container, isFailure ? 1 : exits.code));
    if (!container.seen.health) return;
    if (healthy) later(HEALTH_INTERVAL_MS, () => this.#changed(container, { health: { status: 'healthy', lastOutput: '' } }));
    else
      later(HEALTH_INTERVAL_MS * FAILED_CHECKS, () =>
        this.#changed(container, { health: { status: 'unhealthy', lastOutput: 'no answer' } }),
      );
  }

  #end(container: SimContainer, exitCode: number): void {
    container.life += 1;
    this.#options.bridges.free(container.seen.id);
    this.#changed(container, { state: 'exited', exitCode, finishedAt: this.#options.clock.now(), addresses: {} });
  }

  #bindPorts(container: SimContainer): void {
    const wanted = portsOf(container);
    for (const other of this.#containers.values()) {
      const taken = other.seen.state === 'running' && portsOf(other).find((port) => wanted.includes(port));
      if (taken) throw new EngineError('port-in-use', `port ${taken} is already allocated`);
    }
  }

  #changed(container: SimContainer, change: Partial<ObservedContainer>): void {
    container.seen = { ...container.seen, ...change };
    if (change.state === 'running' || change.state === 'exited') this.#options.onContainer(container.seen);
    this.#tellOf(container);
  }

  #tellOf({ seen }: SimContainer): void {
    const taskId = seen.labels[LABELS.task];
    this.#tell({ containerId: seen.id, ...(taskId !== undefined && { taskId }) });
  }

  #tell(event: EngineEvent): void {
    // A stream that broke tells nothing; it begins anew when the engine is back.
    if (this.#isUp) for (const listener of this.#listeners) listener(event);
  }

  #find(idOrName: string): SimContainer | undefined {
    return this.#containers.get(idOrName) ?? [...this.#containers.values()].find(({ seen }) => seen.name === idOrName);
  }

  #known(containerId: string): SimContainer {
    const container = this.#containers.get(containerId);
    if (!container) throw new EngineError('not-found', `no such container: ${containerId}`);
    return container;
  }

  async #call(): Promise<void> {
    const { clock, random } = this.#options;
    await sleep(clock, 1 + Math.floor(random.next() * LONGEST_CALL_MS));
    this.#checkUp();
  }

  #checkUp(): void {
    if (!this.#isUp) throw new EngineError('gone', 'the engine does not answer');
  }

  #failIfDue(): void {
    const kind = this.#failures.shift();
    if (kind) throw new EngineError(kind, `injected: ${kind}`);
  }
}

/** Ports that a container holds on its host, such as `8080/tcp`. */
function portsOf({ request }: SimContainer): string[] {
  return Object.entries(request.body.HostConfig.PortBindings).flatMap(([port, bindings]) =>
    bindings.map(({ HostPort }) => `${HostPort}/${port.split('/')[1]}`),
  );
}

function imageIdOf(reference: string): string {
  return `sha256:${reference}`;
}

function imageInfo(reference: string): ImageInfo {
  return { id: imageIdOf(reference), tags: [reference], digests: [], sizeBytes: 10_000_000 };
}
