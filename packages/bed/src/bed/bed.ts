import { type Clock, SystemClock } from '@tessera/kit';
import type { Host } from '../host/host.js';
import { buildAndPush, type ImageBuild } from '../image/build-and-push.js';
import { hostAddress } from '../plan/address-plan.js';
import { type ClusterFile, type HostKind, readClusterFile, writeClusterFile } from '../state/cluster-file.js';
import { type ClusterPaths, clusterPaths, devDir } from '../state/paths.js';
import { clusterNames } from './cluster-names.js';
import { createCluster } from './create.js';
import { destroyCluster } from './destroy.js';
import { type Fleet, fleetOf } from './fleet.js';
import type { BedOptions } from './options.js';

export interface BedSummary {
  name: string;
  kind: HostKind;
  createdAtMs: number;
  /** Empty for a bed that is half made. */
  hosts: { name: string; ip: string; on: boolean }[];
}

export interface Registry {
  /** `address:port`, reachable from the hosts and from the machine. The first part of an image's name. */
  address: string;
}

/** A cluster of several hosts on this machine. */
export class Bed {
  readonly #paths: ClusterPaths;
  readonly #fleet: Fleet;
  readonly #hosts: Host[];
  #file: ClusterFile;

  private constructor(
    readonly name: string,
    paths: ClusterPaths,
    file: ClusterFile,
    fleet: Fleet,
  ) {
    this.#paths = paths;
    this.#file = file;
    this.#fleet = fleet;
    this.#hosts = file.hosts.map(fleet.host);
  }

  /**
   * Makes a LAN with a registry, and hosts with Docker. When it fails or is aborted, nothing of it is left.
   * @throws Error when the name is taken, the machine lacks something, or a part does not start.
   */
  static async create(options: BedOptions): Promise<Bed> {
    const clock = options.clock ?? new SystemClock();
    await createCluster(clusterPaths(options.name), options, clock);
    return Bed.open(options.name, clock);
  }

  /** Finds a bed that this or another process has made. @throws Error when there is none, or it is half made. */
  static async open(name: string, clock: Clock = new SystemClock()): Promise<Bed> {
    const paths = clusterPaths(name);
    const file = await readClusterFile(paths.clusterFile);
    if (!file) throw new Error(`no development cluster "${name}": "tsctl dev ls" shows what there is`);
    const { subnet } = file;
    if (subnet === undefined) throw new Error(`"${name}" is half made: "tsctl dev down ${name}" removes it`);
    return new Bed(name, paths, file, await fleetOf(name, paths, { ...file, subnet }, clock));
  }

  /** All beds in the state directory. @throws Error naming a file that is damaged. */
  static async list(clock: Clock = new SystemClock()): Promise<BedSummary[]> {
    const names = await clusterNames(devDir());
    return Promise.all(names.map((name) => summary(name, clock)));
  }

  /** Removes a bed with all that belongs to it, also a half made one. Idempotent. */
  static async destroy(name: string, clock: Clock = new SystemClock()): Promise<void> {
    await destroyCluster(name, clusterPaths(name), clock);
  }

  get kind(): HostKind {
    return this.#file.kind;
  }

  get registry(): Registry {
    return { address: this.#fleet.lan.addresses.registry };
  }

  get hosts(): readonly Host[] {
    return this.#hosts;
  }

  /** The machine's own address in the LAN: what hosts see when a person or `tsctl` connects to them. */
  get machineAddress(): string {
    return this.#fleet.lan.addresses.machine;
  }

  /** The private key that full hosts and virtual machines let in as root; light hosts have no sshd. */
  get sshKeyFile(): string {
    return this.#paths.sshKey;
  }

  /** Adds a host and waits until its Docker answers. */
  async addHost(): Promise<Host> {
    const index = Math.max(0, ...this.#file.hosts) + 1;
    hostAddress(this.#fleet.lan.addresses.subnet, index);
    this.#file = { ...this.#file, hosts: [...this.#file.hosts, index] };
    await writeClusterFile(this.#paths.clusterFile, this.#file);
    const host = this.#fleet.host(index);
    this.#hosts.push(host);
    await host.powerOn();
    return host;
  }

  /** Builds an image on the first host and puts it into the registry. @returns its full name. */
  buildAndPush(build: ImageBuild): Promise<string> {
    const [builder] = this.#hosts;
    if (!builder) throw new Error(`"${this.name}" has no host to build on`);
    return buildAndPush(builder, this.registry.address, build);
  }
}

async function summary(name: string, clock: Clock): Promise<BedSummary> {
  const paths = clusterPaths(name);
  const file = await readClusterFile(paths.clusterFile);
  const halfMade: BedSummary = { name, kind: file?.kind ?? 'light', createdAtMs: file?.createdAtMs ?? clock.now(), hosts: [] };
  if (file?.subnet === undefined) return halfMade;
  const fleet = await fleetOf(name, paths, { ...file, subnet: file.subnet }, clock);
  const hosts = file.hosts.map(fleet.host).map(async (host) => ({ name: host.name, ip: host.ip, on: await host.isOn() }));
  return { ...halfMade, hosts: await Promise.all(hosts) };
}
