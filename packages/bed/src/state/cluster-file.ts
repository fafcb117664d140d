import { readFile, rename, writeFile } from 'node:fs/promises';
import { MAX_HOSTS, MAX_SUBNET } from '../plan/address-plan.js';

const HOST_KINDS = ['light', 'full', 'vm'] as const;
export type HostKind = (typeof HOST_KINDS)[number];

/** What is known of a cluster on disk, written before each thing that it names is made. */
export interface ClusterFile {
  version: 1;
  kind: HostKind;
  /** Whether hosts reach the outside through the machine. */
  internet: boolean;
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  createdAtMs: number;
  /** Absent until a subnet was claimed. */
  subnet?: number;
  /** Numbers of the hosts, ascending. */
  hosts: number[];
  /** Hosts up to this number are light ones, whatever the kind. */
  light?: number;
  /** Files and folders of the machine that full hosts and virtual machines see read-only, under the same path. */
  share: string[];
}

/** @throws Error that names the file and what is wrong with it. */
export function parseClusterFile(text: string, path: string): ClusterFile {
  const wrong = (what: string): Error => new Error(`${path}: ${what}; "tsctl dev down" removes the cluster also without this file`);
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch (error) {
    throw wrong(`not JSON (${(error as Error).message})`);
  }
  if (!isRecord(data)) throw wrong('not an object');
  const { version, kind, internet, createdAtMs, subnet, hosts, light, share } = data;
  if (version !== 1) throw wrong(`version ${String(version)}, this program knows version 1`);
  if (!isHostKind(kind)) throw wrong(`kind ${String(kind)} is none of ${HOST_KINDS.join(', ')}`);
  if (typeof internet !== 'boolean') throw wrong('internet is not a boolean');
  if (typeof createdAtMs !== 'number') throw wrong('createdAtMs is not a number');
  if (subnet !== undefined && !isIntegerIn(subnet, 0, MAX_SUBNET)) throw wrong(`subnet ${String(subnet)} is no number`);
  if (!Array.isArray(hosts) || !hosts.every((index) => isIntegerIn(index, 1, MAX_HOSTS))) {
    throw wrong('hosts is not a list of host numbers');
  }
  if (light !== undefined && !isIntegerIn(light, 0, MAX_HOSTS)) throw wrong(`light ${String(light)} is no number of hosts`);
  if (!Array.isArray(share) || !share.every((path) => typeof path === 'string')) throw wrong('share is not a list of paths');
  return {
    version,
    kind,
    internet,
    createdAtMs,
    ...(subnet === undefined ? {} : { subnet }),
    hosts,
    ...(light === undefined ? {} : { light }),
    share,
  };
}

/** @returns `undefined` when there is no such file. @throws Error when it is damaged. */
export async function readClusterFile(path: string): Promise<ClusterFile | undefined> {
  try {
    return parseClusterFile(await readFile(path, 'utf8'), path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces the file in one step, so that a reader never sees half of it. */
export async function writeClusterFile(path: string, file: ClusterFile): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o644 });
  await rename(`${path}.new`, path);
}

function isHostKind(value: unknown): value is HostKind {
  return HOST_KINDS.some((kind) => kind === value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isIntegerIn(value: unknown, low: number, high: number): value is number {
  return Number.isInteger(value) && (value as number) >= low && (value as number) <= high;
}
