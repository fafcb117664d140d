import type { ExecOptions, HostProcess, SpawnOptions } from '../box/enter.js';
import type { CommandResult } from '../run/run.js';
import type { HostKind } from '../state/cluster-file.js';

/** One host of a bed: what a virtual machine is to its owner. */
export interface Host {
  readonly name: string;
  /** Number of the host in its cluster, from 1. */
  readonly index: number;
  readonly ip: string;
  readonly kind: HostKind;
  /** The Docker engine's socket, as a path that works from the machine's own namespaces. */
  readonly dockerSocket: string;
  /** Whether the power is on. */
  isOn(): Promise<boolean>;
  /** Runs a command in the host's namespaces. @throws Error when the host is off or the command is killed or too slow. */
  exec(argv: readonly string[], options?: ExecOptions): Promise<CommandResult>;
  /** Starts a daemon in the host's namespaces. */
  spawn(argv: readonly string[], options: SpawnOptions): Promise<HostProcess>;
  /** Power loss: ends everything in the host at once. Its disk stays. Idempotent. */
  powerOff(): Promise<void>;
  /** Boots the host and waits until Docker answers. Idempotent. */
  powerOn(signal?: AbortSignal): Promise<void>;
  /** Drops everything between this host and another of the same bed. */
  cut(other: Host): Promise<void>;
  /** Undoes {@link cut}. */
  heal(other: Host): Promise<void>;
  /** Pulls the host's network cable. */
  unplug(): Promise<void>;
  /** Plugs it in again. */
  plug(): Promise<void>;
  /** kill -9 of dockerd and nothing else. */
  killDocker(): Promise<void>;
  /** Starts dockerd and waits until it answers. Idempotent. */
  startDocker(): Promise<void>;
}
