import { isAbsolute, resolve } from 'node:path';
import { parseDurationMs } from '@tessera/api/compose/units/duration';
import { LOG_LEVELS, type LogLevel } from '@tessera/kit';
import { DEFAULT_DATA_DIR } from '@tessera/kit/pki/index';
import { type ManagerAddress, parseAddress } from '@tessera/kit/transport/index';
import { Command, InvalidArgumentError, Option } from 'commander';
import { DISPATCHER_TIMES } from '../dispatcher/index.js';
import { VERSION } from '../version.js';

export interface ManagerOptions {
  dataDir: string;
  /** Where the state is: `embedded:/dir`, `etcd://host:port,…`, `etcds://…` or `memory:`. */
  store: string;
  listen: ManagerAddress;
  /** Further names and addresses at which this manager is reached, for its certificate. */
  advertise: string[];
  /** A node is down so long after its agent was last heard, in milliseconds. */
  nodeTimeoutMs: number;
  logLevel: LogLevel;
}

interface Parsed {
  dataDir: string;
  store?: string;
  listen: ManagerAddress;
  advertise: string[];
  /** In milliseconds. */
  nodeTimeout: number;
  logLevel: LogLevel;
}

/** Agents say that they are there once a second: less would take a host that is merely busy for lost. */
const SHORTEST_NODE_TIMEOUT_MS = DISPATCHER_TIMES.nodeTimeoutMs;
const LONGEST_NODE_TIMEOUT_MS = 3_600_000;
/** Longest time until others know that a manager has died, however long nodes may be silent. */
const LONGEST_LEASE_TTL_MS = 10_000;

/** Of a manager and of the leader: as long as a node may be silent, since managers of slow hosts are slow as well; bounded, since nobody leads meanwhile. */
export function leaseTtlMs({ nodeTimeoutMs }: Pick<ManagerOptions, 'nodeTimeoutMs'>): number {
  return Math.min(nodeTimeoutMs - DISPATCHER_TIMES.reconnectGraceMs, LONGEST_LEASE_TTL_MS);
}

/** Reads the command line. @throws CommanderError with its exit code, after it has printed help or what is wrong. */
export function parseOptions(argv: readonly string[]): ManagerOptions {
  const command = new Command('tessera-manager')
    .description('Keeps the state of a Tessera cluster, schedules its services and serves its API')
    .version(VERSION)
    .addOption(new Option('--data-dir <dir>', 'keys and cluster identity').default(DEFAULT_DATA_DIR).env('TESSERA_DATA_DIR'))
    .addOption(
      new Option(
        '--store <url>',
        'embedded:/dir, etcd://host:2379,host2:2379 or etcds://host:2379?ca=…&cert=…&key=… (default: embedded: in the data directory)',
      ).env('TESSERA_STORE'),
    )
    .addOption(
      new Option('--listen <address>', 'address and port of everything')
        .default(parseListen('0.0.0.0:4600'), '0.0.0.0:4600')
        .argParser(parseListen)
        .env('TESSERA_LISTEN'),
    )
    .addOption(
      new Option('--advertise <addresses>', 'names and addresses at which it is reached, with commas between')
        .default([], 'none')
        .argParser(splitList)
        .env('TESSERA_ADVERTISE'),
    )
    .addOption(
      new Option('--node-timeout <duration>', 'a node is down so long after its agent was last heard')
        .default(DISPATCHER_TIMES.nodeTimeoutMs, `${DISPATCHER_TIMES.nodeTimeoutMs / 1_000}s`)
        .argParser(parseNodeTimeout)
        .env('TESSERA_NODE_TIMEOUT'),
    )
    .addOption(new Option('--log-level <level>', 'what is logged').choices(LOG_LEVELS).default('info').env('TESSERA_LOG_LEVEL'))
    .exitOverride();
  const { nodeTimeout, ...parsed } = command.parse([...argv]).opts<Parsed>();
  const dataDir = isAbsolute(parsed.dataDir) ? parsed.dataDir : resolve(parsed.dataDir);
  return { ...parsed, nodeTimeoutMs: nodeTimeout, dataDir, store: parsed.store ?? `embedded:${dataDir}/store` };
}

function parseListen(text: string): ManagerAddress {
  try {
    return parseAddress(text);
  } catch {
    throw new InvalidArgumentError('write address:port, such as 0.0.0.0:4600');
  }
}

function parseNodeTimeout(text: string): number {
  const ms = parseDurationMs(text) ?? 0;
  if (ms < SHORTEST_NODE_TIMEOUT_MS || ms > LONGEST_NODE_TIMEOUT_MS)
    throw new InvalidArgumentError(`write a time from ${SHORTEST_NODE_TIMEOUT_MS / 1_000}s to 1h, such as 10s`);
  return ms;
}

function splitList(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
