import type { LogFrame } from '@tessera/api';
import { type Clock, sleep } from '@tessera/kit';
import type { ObservedContainer } from '../model/container.js';
import type { ContainerRequest } from '../model/container-request.js';
import { LABELS } from '../model/labels.js';
import {
  type ContainerSummary,
  type ContainerUsage,
  type Engine,
  EngineError,
  type EngineEvent,
  type EngineInfo,
  type ImageInfo,
  type PullOptions,
} from '../ports/engine.js';
import { containerOf } from './builders.js';

/** An engine in memory, whose failures and images a test sets. */
export class FakeEngine implements Engine {
  readonly containers = new Map<string, ObservedContainer>();
  readonly present = new Set<string>(['nginx:1']);
  /** While it is set, every call fails so. */
  failure: EngineError | undefined;
  /** Pulls under way; a test settles them. */
  readonly pulls: { reference: string; options: PullOptions; finish(error?: EngineError): void }[] = [];
  /** Signals that were sent and commands that were run, with their containers. */
  readonly told: string[] = [];
  /** How commands end. */
  answers = (_command: readonly string[]): { exitCode: number; output: string } => ({ exitCode: 0, output: '' });
  readonly removedImages: string[] = [];
  /** What every container printed; undefined: its log never comes. */
  printed: readonly string[] | undefined = [];
  /** What containers have used, as a test says. */
  readonly usages = new Map<string, ContainerUsage>();
  /** How long a container takes to stop, when there is a clock. */
  stopsAfterMs = (_graceMs: number): number => 0;
  clock: Clock | undefined;
  #notify: ((event: EngineEvent) => void) | undefined;
  #next = 1;

  async digest(): Promise<string> {
    throw new Error('not part of these tests');
  }

  async info(): Promise<EngineInfo> {
    throw new Error('not part of these tests');
  }

  async list(): Promise<ContainerSummary[]> {
    this.#check();
    return [...this.containers.values()].map(({ id, labels, state, imageId }) => ({ id, labels, running: state === 'running', imageId }));
  }

  async inspect(idOrName: string): Promise<ObservedContainer | undefined> {
    this.#check();
    return this.containers.get(idOrName) ?? [...this.containers.values()].find(({ name }) => name === idOrName);
  }

  async create({ name, body, moreNetworks }: ContainerRequest): Promise<string> {
    this.#check();
    if (await this.inspect(name)) throw new EngineError('name-conflict', `${name} is there already`);
    const id = `c${this.#next++}`;
    const networks = [...Object.keys(body.NetworkingConfig?.EndpointsConfig ?? {}), ...moreNetworks];
    this.change(id, containerOf({ networks, id, name, labels: body.Labels, state: 'created', imageId: `id of ${body.Image}` }));
    return id;
  }

  async start(id: string): Promise<void> {
    this.#check();
    this.change(id, { state: 'running' });
  }

  async stop(id: string, graceMs: number): Promise<void> {
    this.#check();
    if (this.clock) await sleep(this.clock, this.stopsAfterMs(graceMs));
    this.change(id, { state: 'exited', exitCode: 143 });
  }

  async signal(id: string, signal: string): Promise<void> {
    this.#check();
    this.told.push(`${id} ${signal}`);
  }

  async exec(id: string, command: readonly string[]): Promise<{ exitCode: number; output: string }> {
    this.#check();
    this.told.push(`${id} ${command.join(' ')}`);
    return this.answers(command);
  }

  async remove(id: string): Promise<void> {
    this.#check();
    this.containers.delete(id);
  }

  async image(reference: string): Promise<ImageInfo | undefined> {
    this.#check();
    if (!this.present.has(reference)) return undefined;
    return { id: `id of ${reference}`, tags: [reference], digests: [], sizeBytes: 10 };
  }

  async images(): Promise<ImageInfo[]> {
    return [...this.present].map((tag) => ({ id: `id of ${tag}`, tags: [tag], digests: [], sizeBytes: 10 }));
  }

  async volumes(): Promise<string[]> {
    return [];
  }

  async removeImage(reference: string): Promise<void> {
    this.present.delete(reference);
    this.removedImages.push(reference);
  }

  pull(reference: string, options: PullOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      const finish = (error?: EngineError): void => {
        if (error) reject(error);
        else {
          this.present.add(reference);
          resolve();
        }
      };
      options.signal.addEventListener('abort', () => reject(options.signal.reason));
      this.pulls.push({ reference, options, finish });
    });
  }

  async *events(_label: string, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    const queue: EngineEvent[] = [undefined];
    let wake = (): void => {};
    this.#notify = (event) => {
      queue.push(event);
      wake();
    };
    signal.addEventListener('abort', () => wake());
    while (!signal.aborted) {
      while (queue.length > 0) yield queue.shift();
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }

  async usage(containerId: string): Promise<ContainerUsage | undefined> {
    this.#check();
    return this.usages.get(containerId);
  }

  async *logs(): AsyncGenerator<LogFrame> {
    for (const text of this.printed ?? (await new Promise<never>(() => {}))) yield { type: 'line', stream: 'stderr', text };
    yield { type: 'end' };
  }

  /** Changes a container as the world does, and tells of it. */
  change(id: string, change: Partial<ObservedContainer>): void {
    const container = { ...(this.containers.get(id) ?? containerOf({ id })), ...change };
    this.containers.set(id, container);
    this.tell({ containerId: id, taskId: container.labels[LABELS.task] ?? '' });
  }

  tell(event: EngineEvent): void {
    this.#notify?.(event);
  }

  #check(): void {
    if (this.failure) throw this.failure;
  }
}
