import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import type { LogFrame, LogOptions } from '@tessera/api';
import { type Clock, sleep, withDeadline } from '@tessera/kit';
import Docker from 'dockerode';
import type { ObservedContainer } from '../model/container.js';
import type { ContainerRequest } from '../model/container-request.js';
import { LABELS } from '../model/labels.js';
import type { ContainerSummary, ContainerUsage, Engine, EngineEvent, EngineInfo, ImageInfo, PullOptions } from '../ports/engine.js';
import { EngineError } from '../ports/engine.js';
import { engineError, engineMessage, pullError } from './errors.js';
import { FrameParser, RawOutput } from './frames.js';
import { offeredResources } from './generic-resources.js';
import { Happenings } from './happenings.js';
import { jsonLines } from './json-lines.js';
import { logLines } from './lines.js';
import { observed } from './observe.js';
import { PullProgress } from './pull-progress.js';
import { credentialsFor, DEFAULT_DOCKER_CONFIG, nameAndTag, registryOf } from './registry.js';
import { runInside } from './run-inside.js';
import { usageIn } from './usage.js';

export interface DockerEngineOptions {
  clock: Clock;
  /** Path of the engine's socket. */
  socketPath: string;
  /** Docker's config file with registry credentials. */
  dockerConfigFile?: string;
  /** How long a call may take, in milliseconds. Calls that work on disks and namespaces have ten times as long. */
  callLimitMs?: number;
}

const CALL_LIMIT_MS = 10_000;
const SLOW_FACTOR = 10;
/** A pull without a word for so long has stalled. */
const PULL_STALL_MS = 120_000;
const REOPEN_MS = 500;
const MS_PER_SECOND = 1_000;

/** The local dockerd (20.10, API 1.41, or newer) through its socket. */
/** What Docker calls a volume that nobody named. */
const ANONYMOUS_VOLUME = /^[0-9a-f]{64}$/;

export class DockerEngine implements Engine {
  readonly #docker: Docker;
  readonly #clock: Clock;
  /** How to end each call that is under way. */
  readonly #underWay = new Set<(error: Error) => void>();
  readonly #happenings = new Happenings();
  readonly #limitMs: number;
  readonly #configFile: string;

  constructor({ clock, socketPath, dockerConfigFile = DEFAULT_DOCKER_CONFIG, callLimitMs = CALL_LIMIT_MS }: DockerEngineOptions) {
    this.#docker = new Docker({ socketPath });
    this.#clock = clock;
    this.#limitMs = callLimitMs;
    this.#configFile = dockerConfigFile;
  }

  async info(): Promise<EngineInfo> {
    const [info, version] = await Promise.all([
      this.#call('read the engine', () => this.#docker.info()),
      this.#call('read the engine', () => this.#docker.version()),
    ]);
    return {
      version: info.ServerVersion,
      apiVersion: version.ApiVersion,
      cpus: info.NCPU,
      memoryBytes: info.MemTotal,
      os: info.OSType,
      architecture: info.Architecture,
      kernel: info.KernelVersion,
      operatingSystem: info.OperatingSystem,
      hostname: info.Name,
      storageDriver: info.Driver,
      rootDir: info.DockerRootDir,
      labels: Object.fromEntries((info.Labels ?? []).map((label: string) => splitLabel(label))),
      generic: offeredResources(info.GenericResources ?? []),
      plugins: [...(info.Plugins?.Volume ?? []), ...(info.Plugins?.Network ?? []), ...(info.Plugins?.Log ?? [])],
    };
  }

  async list(label?: string): Promise<ContainerSummary[]> {
    const filters: Record<string, string[]> = label === undefined ? {} : { label: [label] };
    const found = await this.#call('list containers', () => this.#docker.listContainers({ all: true, filters }));
    return found.map(({ Id, Labels, State, ImageID }) => ({
      id: Id,
      labels: Labels ?? {},
      running: State === 'running' || State === 'paused',
      imageId: ImageID,
    }));
  }

  async inspect(idOrName: string): Promise<ObservedContainer | undefined> {
    const info = await this.#optional(() =>
      this.#call(`inspect container ${idOrName}`, () => this.#docker.getContainer(idOrName).inspect()),
    );
    return info && observed(info);
  }

  async create({ name, platform, body, moreNetworks }: ContainerRequest): Promise<string> {
    const options = { _query: { name, ...(platform !== undefined && { platform }) }, _body: body };
    const container = await this.#slow(`create container ${name}`, () =>
      this.#docker.createContainer(options as Docker.ContainerCreateOptions),
    );
    try {
      for (const network of moreNetworks) {
        await this.#slow(`connect container ${name} to network ${network}`, () =>
          this.#docker.getNetwork(network).connect({ Container: container.id }),
        );
      }
    } catch (error) {
      // Half a container must not look like a whole one to the next look.
      await this.remove(container.id);
      throw error;
    }
    return container.id;
  }

  async start(containerId: string): Promise<void> {
    const started = this.#slow(`start container ${short(containerId)}`, () => this.#docker.getContainer(containerId).start());
    await this.#unlessDone(this.#happenings.orCall(containerId, 'start', started));
  }

  async stop(containerId: string, graceMs: number): Promise<void> {
    const t = Math.ceil(graceMs / MS_PER_SECOND);
    const limitMs = t * MS_PER_SECOND + this.#limitMs * SLOW_FACTOR;
    const stopped = this.#call(`stop container ${short(containerId)}`, () => this.#docker.getContainer(containerId).stop({ t }), limitMs);
    await this.#optional(() => this.#unlessDone(this.#happenings.orCall(containerId, 'die', stopped)));
  }

  async signal(containerId: string, signal: string): Promise<void> {
    await this.#call(`send ${signal} to container ${short(containerId)}`, () => this.#docker.getContainer(containerId).kill({ signal }));
  }

  exec(containerId: string, command: readonly string[]): Promise<{ exitCode: number; output: string }> {
    return this.#call(`run ${command[0]} in container ${short(containerId)}`, () =>
      runInside(this.#docker.getContainer(containerId), command),
    );
  }

  async remove(containerId: string): Promise<void> {
    await this.#optional(() =>
      this.#slow(`remove container ${short(containerId)}`, () => this.#docker.getContainer(containerId).remove({ force: true, v: true })),
    );
  }

  async image(reference: string): Promise<ImageInfo | undefined> {
    const info = await this.#optional(() => this.#call(`inspect image ${reference}`, () => this.#docker.getImage(reference).inspect()));
    return info && { id: info.Id, tags: info.RepoTags ?? [], digests: info.RepoDigests ?? [], sizeBytes: info.Size };
  }

  async images(): Promise<ImageInfo[]> {
    const images = await this.#slow('list images', () => this.#docker.listImages());
    return images.map(({ Id, RepoTags, RepoDigests, Size }) => ({
      id: Id,
      tags: RepoTags ?? [],
      digests: RepoDigests ?? [],
      sizeBytes: Size,
    }));
  }

  async volumes(): Promise<string[]> {
    const { Volumes } = await this.#call('list volumes', () => this.#docker.listVolumes({ filters: { driver: ['local'] } }));
    return (Volumes ?? []).map(({ Name }) => Name).filter((name) => !ANONYMOUS_VOLUME.test(name));
  }

  async removeImage(reference: string): Promise<void> {
    await this.#optional(() => this.#slow(`remove image ${reference}`, () => this.#docker.getImage(reference).remove()));
  }

  async pull(reference: string, { platform, signal, onProgress }: PullOptions): Promise<void> {
    const registry = registryOf(reference);
    const { name, tag } = nameAndTag(reference);
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    try {
      const auth = await credentialsFor(registry, this.#configFile);
      const query = { fromImage: name, tag, ...(platform !== undefined && { platform }) };
      const options = { ...query, abortSignal: both };
      const stream = await this.#untilStall(this.#docker.createImage(auth ?? {}, options) as Promise<Readable>, stop);
      await this.#readPull(stream, reference, registry, onProgress, stop);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof EngineError) throw error;
      const failure = engineError(`pull image ${reference}`, error);
      throw failure.kind === 'gone' ? failure : pullError(reference, registry, engineMessage(error), error);
    } finally {
      stop.abort();
    }
  }

  async digest(reference: string): Promise<string> {
    const registry = registryOf(reference);
    try {
      const authconfig = await credentialsFor(registry, this.#configFile);
      const asked = this.#docker.getImage(reference).distribution(authconfig && { authconfig });
      return (await withDeadline(this.#clock, this.#limitMs, asked, timedOut(reference))).Descriptor.digest;
    } catch (error) {
      if (error instanceof EngineError) throw error;
      const failure = engineError(`resolve image ${reference}`, error);
      throw failure.kind === 'gone' ? failure : pullError(reference, registry, engineMessage(error), error);
    }
  }

  async #readPull(
    stream: Readable,
    reference: string,
    registry: string,
    onProgress: (line: string) => void,
    stop: AbortController,
  ): Promise<void> {
    const progress = new PullProgress();
    const messages = jsonLines(stream);
    try {
      for (;;) {
        const next = await this.#untilStall(messages.next(), stop);
        if (next.done) return;
        if (typeof next.value.error === 'string') throw pullError(reference, registry, next.value.error);
        const line = progress.take(next.value);
        if (line) onProgress(line);
      }
    } finally {
      stream.destroy();
    }
  }

  #untilStall<T>(work: Promise<T>, stop: AbortController): Promise<T> {
    return withDeadline(this.#clock, PULL_STALL_MS, work, () => {
      stop.abort();
      return new EngineError('registry-unreachable', `the pull stalled: nothing came for ${PULL_STALL_MS / MS_PER_SECOND} s`);
    });
  }

  async *events(label: string, signal: AbortSignal): AsyncGenerator<EngineEvent> {
    while (!signal.aborted) {
      let isOpen = false;
      try {
        const filters = { type: ['container' as const], label: [label] };
        const stream = (await this.#call('watch the engine', () =>
          this.#docker.getEvents({ filters, abortSignal: signal }),
        )) as unknown as Readable;
        isOpen = true;
        // Anything may have happened before this stream began: the reader lists again.
        yield undefined;
        for await (const { Actor, Action } of jsonLines(stream)) {
          const event = eventOf(Actor, Action);
          this.#happenings.tell(event.containerId, String(Action));
          yield event;
        }
      } catch {
        // The daemon went away, or is not there yet: try again below.
      }
      if (isOpen && !signal.aborted) this.#endCalls();
      await sleep(this.#clock, REOPEN_MS, signal).catch(() => {});
    }
  }

  /** One reading, without the second that the engine would wait for another one to compare it with. */
  async usage(containerId: string): Promise<ContainerUsage | undefined> {
    const options = { stream: false, 'one-shot': true } as { stream: false };
    const stats = await this.#optional(() =>
      this.#call(`measure container ${short(containerId)}`, () => this.#docker.getContainer(containerId).stats(options)),
    );
    return stats && usageIn(stats);
  }

  async *logs(container: ObservedContainer, options: LogOptions, signal: AbortSignal): AsyncGenerator<LogFrame> {
    const source = await this.#call('read logs', () => this.#openLogs(container.id, options, signal));
    const parser = container.tty ? new RawOutput() : new FrameParser();
    pipeline(source, parser, () => {});
    try {
      yield* logLines(parser, options.timestamps);
      yield { type: 'end' };
    } catch (error) {
      if (!signal.aborted) yield { type: 'error', message: `the log broke off: ${engineMessage(error)}` };
    } finally {
      parser.destroy();
    }
  }

  /** Always as a stream: dockerode's `logs` gathers a log that is not followed in memory. */
  #openLogs(containerId: string, options: LogOptions, abortSignal: AbortSignal): Promise<Readable> {
    const dial = {
      path: `/containers/${containerId}/logs?`,
      method: 'GET',
      isStream: true,
      options: logQuery(options),
      abortSignal,
      statusCodes: { 200: true, 404: 'no such container', 500: 'server error' },
    };
    return new Promise((resolve, reject) => {
      this.#docker.modem.dial(dial, (error: unknown, stream: unknown) => (error ? reject(error) : resolve(stream as Readable)));
    });
  }

  #slow<T>(action: string, run: () => Promise<T>): Promise<T> {
    return this.#call(action, run, this.#limitMs * SLOW_FACTOR);
  }

  /** Calls settle in spite of a daemon that dies after its answer's headers: then docker-modem's never do. */
  async #call<T>(action: string, run: () => Promise<T>, limitMs = this.#limitMs): Promise<T> {
    try {
      return await withDeadline(this.#clock, limitMs, this.#untilGone(run()), () => {
        return new EngineError('timeout', `cannot ${action}: the Docker engine did not answer within ${limitMs / MS_PER_SECOND} s`);
      });
    } catch (error) {
      throw engineError(action, error);
    }
  }

  /** Settles as `work` does, or fails when the daemon goes away before. */
  #untilGone<T>(work: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#underWay.add(reject);
      void work.then(resolve, reject).finally(() => this.#underWay.delete(reject));
    });
  }

  /** The daemon went away: an answer to what it was asked before may never come, and nobody should wait for it. */
  #endCalls(): void {
    for (const reject of this.#underWay) reject(new EngineError('gone', 'the Docker engine went away before it answered'));
  }

  async #optional<T>(run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      if (error instanceof EngineError && isAbsent(error)) return undefined;
      throw error;
    }
  }

  /** 304: it was started, or had ended, before. */
  async #unlessDone(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (((error as Error).cause as { statusCode?: number } | undefined)?.statusCode !== 304) throw error;
    }
  }
}

function isAbsent({ cause }: EngineError): boolean {
  return (cause as { statusCode?: number } | undefined)?.statusCode === 404;
}

function eventOf(actor: unknown, action: unknown): NonNullable<EngineEvent> {
  const { ID = '', Attributes = {} } = (actor ?? {}) as { ID?: string; Attributes?: Record<string, string> };
  const taskId = Attributes[LABELS.task];
  return { containerId: ID, ...(taskId !== undefined && { taskId }), hasEnded: action === 'die' };
}

function logQuery({ follow, tail, since, until, stdout, stderr, timestamps }: LogOptions): Record<string, unknown> {
  return {
    follow,
    stdout,
    stderr,
    timestamps,
    ...(tail !== undefined && { tail }),
    ...(since !== undefined && { since: since / MS_PER_SECOND }),
    ...(until !== undefined && { until: until / MS_PER_SECOND }),
  };
}

function splitLabel(label: string): [string, string] {
  const at = label.indexOf('=');
  return at < 0 ? [label, ''] : [label.slice(0, at), label.slice(at + 1)];
}

function short(id: string): string {
  return id.slice(0, 12);
}

function timedOut(reference: string): () => EngineError {
  return () => new EngineError('registry-unreachable', `the registry of image ${reference} does not answer`);
}
