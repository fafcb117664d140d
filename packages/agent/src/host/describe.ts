import { readFile } from 'node:fs/promises';
import { MAX_REPORTED, type NodeDescription, type OfferedResource, type SystemReserve } from '@tessera/api';
import { imageName } from '@tessera/api/placement/image-name';
import type { EngineInfo, ImageInfo } from '../ports/engine.js';
import { type ListeningPort, listeningPorts } from './proc-net.js';

export interface DescribeOptions {
  engine: EngineInfo;
  hostname: string;
  /** Address at which other nodes reach this one. */
  address: string;
  agentVersion: string;
  /** Labels given to the agent; they win over the engine's own. */
  labels: Readonly<Record<string, string>>;
  /** Given to the agent; they win over the engine's own of the same kind. */
  generic: readonly OfferedResource[];
  volumes: readonly string[];
  images: readonly Pick<ImageInfo, 'tags' | 'digests'>[];
  /** Kept for the host itself. */
  reserved: SystemReserve | undefined;
  /** Ports that the agent's own tasks hold: for the scheduler they are not busy. */
  ownPorts: ReadonlySet<string>;
  network: Pick<NodeDescription, 'underlayMtu' | 'encryption'>;
}

const NANOS_PER_CPU = 1_000_000_000;
const PROC_FILES = [
  ['tcp', '/proc/net/tcp'],
  ['tcp', '/proc/net/tcp6'],
  ['udp', '/proc/net/udp'],
  ['udp', '/proc/net/udp6'],
] as const;

/** What the agent says of its host. */
export async function describeHost(options: DescribeOptions): Promise<NodeDescription> {
  const { engine, hostname, address, agentVersion, labels, generic, reserved, volumes, images } = options;
  const kinds = new Set(generic.map(({ kind }) => kind));
  return {
    hostname,
    address,
    agentVersion,
    platform: { os: engine.os, architecture: engine.architecture },
    resources: {
      nanoCpus: engine.cpus * NANOS_PER_CPU,
      memoryBytes: engine.memoryBytes,
      generic: [...generic, ...engine.generic.filter(({ kind }) => !kinds.has(kind))],
      ...(reserved && { reserved }),
    },
    engine: {
      version: engine.version,
      apiVersion: engine.apiVersion,
      labels: { ...engine.labels, ...labels },
      plugins: [...engine.plugins],
      storageDriver: engine.storageDriver,
    },
    kernel: engine.kernel,
    operatingSystem: engine.operatingSystem,
    ...options.network,
    volumes: reported(volumes),
    images: reported(images.flatMap(({ tags, digests }) => [...tags, ...digests]).map(imageName)),
    busyPorts: await busyPorts(options.ownPorts),
  };
}

/** In an order that only changes with them, and no more than the managers take. */
function reported(names: readonly string[]): string[] {
  return [...new Set(names)]
    .filter((name) => !name.startsWith('<none>'))
    .sort()
    .slice(0, MAX_REPORTED);
}

/** Key of a port in `ownPorts`. */
export function portKey({ protocol, port }: { protocol: string; port: number }): string {
  return `${port}/${protocol}`;
}

async function busyPorts(own: ReadonlySet<string>): Promise<ListeningPort[]> {
  const lists = await Promise.all(PROC_FILES.map(async ([protocol, file]) => listeningPorts(await readOrNothing(file), protocol)));
  const unique = new Map(lists.flat().map((port) => [portKey(port), port]));
  const foreign = [...unique.values()].filter((port) => !own.has(portKey(port)));
  return foreign.sort((a, b) => a.port - b.port || a.protocol.localeCompare(b.protocol));
}

/** A host without IPv6 has no tcp6 and udp6. */
async function readOrNothing(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
