import type { LogFrame, LogOptions, OfferedResource } from '@tessera/api';
import type { ObservedContainer } from '../model/container.js';
import type { ContainerRequest } from '../model/container-request.js';

/** Why the engine refused or failed. `gone` and `timeout` pass by themselves; the others need a person or another node. */
export const ENGINE_ERROR_KINDS = [
  'image-not-found',
  'unauthorized',
  'registry-unreachable',
  'name-conflict',
  'port-in-use',
  'no-such-network',
  'mount-source-missing',
  'invalid-spec',
  'not-found',
  'disk-full',
  'gone',
  'timeout',
  'other',
] as const;
export type EngineErrorKind = (typeof ENGINE_ERROR_KINDS)[number];

export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    readonly kind: EngineErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

export interface EngineInfo {
  version: string;
  apiVersion: string;
  cpus: number;
  memoryBytes: number;
  os: string;
  architecture: string;
  kernel: string;
  operatingSystem: string;
  hostname: string;
  storageDriver: string;
  labels: Readonly<Record<string, string>>;
  plugins: readonly string[];
  /** What it was told in `node-generic-resources`. */
  generic: readonly OfferedResource[];
  /** Folder of the engine's data, whose disk images fill. */
  rootDir: string;
}

export interface ImageInfo {
  id: string;
  tags: readonly string[];
  /** `repository@sha256:…` for each repository that it was pulled from. */
  digests: readonly string[];
  sizeBytes: number;
}

export interface ContainerSummary {
  id: string;
  labels: Readonly<Record<string, string>>;
  running: boolean;
  imageId: string;
}

/** What a container has used so far, and uses now. */
export interface ContainerUsage {
  /** CPU time since it started, in nanoseconds. */
  cpuNanos: number;
  /** Without page cache that is not in use. */
  memoryBytes: number;
}

/** Something happened to a container; read it again. `undefined`: the stream began anew, so anything may have happened. */
export type EngineEvent = { containerId: string; taskId?: string; hasEnded?: boolean } | undefined;

export interface PullOptions {
  /** `os/architecture[/variant]`. */
  platform?: string;
  signal: AbortSignal;
  /** How far it is, in words. */
  onProgress(message: string): void;
}

/** The local container engine. Every call ends within a bounded time; all errors are `EngineError`s. */
export interface Engine {
  info(): Promise<EngineInfo>;
  /** All containers, ended ones included; only those with `label` when it is given (`key=value`). */
  list(label?: string): Promise<ContainerSummary[]>;
  /** By id or name; `undefined` when there is none. */
  inspect(idOrName: string): Promise<ObservedContainer | undefined>;
  /** Returns the container's id. */
  create(request: ContainerRequest): Promise<string>;
  start(containerId: string): Promise<void>;
  /** Sends the container's stop signal, and SIGKILL after `graceMs`. Done when it has ended; no error when it had ended before. */
  stop(containerId: string, graceMs: number): Promise<void>;
  /** Sends a signal to the container's first process. */
  signal(containerId: string, signal: string): Promise<void>;
  /** Runs a command in the container; returns its exit code, and what it printed as far as that is short. */
  exec(containerId: string, command: readonly string[]): Promise<{ exitCode: number; output: string }>;
  /** Removes it with its anonymous volumes; kills it when it runs. No error when it is not there. */
  remove(containerId: string): Promise<void>;
  image(reference: string): Promise<ImageInfo | undefined>;
  images(): Promise<ImageInfo[]>;
  /** Names of the volumes that lie on this host: those of the local driver, without anonymous ones. */
  volumes(): Promise<string[]>;
  removeImage(reference: string): Promise<void>;
  pull(reference: string, options: PullOptions): Promise<void>;
  /** The digest that the registry gives for a reference now, such as `sha256:…`. */
  digest(reference: string): Promise<string>;
  /** Changes of containers with `label`; reopened for ever, until `signal`. */
  events(label: string, signal: AbortSignal): AsyncIterable<EngineEvent>;
  /** What a running container uses; `undefined` when it is gone or does not run. */
  usage(containerId: string): Promise<ContainerUsage | undefined>;
  logs(container: ObservedContainer, options: LogOptions, signal: AbortSignal): AsyncIterable<LogFrame>;
}
