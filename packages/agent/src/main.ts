import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type SystemReserve, TASK_HISTORY_PER_SLOT } from '@tessera/api';
import { type Clock, LOG_LEVELS, type Log, type LogLevel, pinoLog, SystemClock, SystemRandom, sleep, withDeadline } from '@tessera/kit';
import { subjectOfPem } from '@tessera/kit/pki/subject';
import { Command, CommanderError, Option } from 'commander';
import { DockerEngine } from './engine/docker-engine.js';
import { TmpfsFileStore } from './files/tmpfs-file-store.js';
import { TmpfsGrantStore } from './files/tmpfs-grant-store.js';
import { sourceAddress } from './host/address.js';
import { describeHost } from './host/describe.js';
import { parseCount, parseDockerHost, parseLabel, parseReserve, parseResource } from './host/options.js';
import { ProcKiller } from './host/proc-killer.js';
import { type Identity, joinCluster, loadIdentity, removeIdentity } from './identity/index.js';
import { LABELS } from './model/labels.js';
import { HostProber } from './overlay/host-prober.js';
import { hostNetwork } from './overlay/index.js';
import type { Engine, EngineInfo } from './ports/engine.js';
import { Runner } from './runner/runner.js';
import { startSession } from './session/index.js';
import { SqliteTaskDb } from './task-db/sqlite-task-db.js';

const DEFAULT_DATA_DIR = '/var/lib/tessera';
/** A tmpfs on every systemd host, so that secrets never touch a disk. */
const DEFAULT_RUNTIME_DIR = '/run/tessera';
const DEFAULT_SOCKET = 'unix:///var/run/docker.sock';
const MS_PER_MINUTE = 60_000;
const MS_PER_HOUR = 3_600_000;
const BYTES_PER_GIGABYTE = 1_000_000_000;
const ENGINE_RETRY_MS = 1_000;
/** How long work under way may hold up the end of the process. */
const STOP_LIMIT_MS = 5_000;
/** Stop grace of containers when the node leaves its cluster. */
const LEAVE_GRACE_MS = 10_000;

interface CommonFlags {
  dataDir: string;
  dockerHost: string;
  runtimeDir: string;
  logLevel: LogLevel;
}

interface RunFlags extends CommonFlags {
  label: string[];
  resource: string[];
  reserve?: SystemReserve;
  advertiseAddress?: string;
  dockerConfig?: string;
  keepEnded: number;
  keepEndedMinutes: number;
  imageUnusedHours: number;
  imageDiskGigabytes: number;
}

interface JoinFlags extends CommonFlags {
  manager: string[];
  token: string;
  name?: string;
  label: string[];
  advertiseAddress?: string;
}

/** The command line of the agent. Returns the exit code of the process. */
export async function main(argv: readonly string[]): Promise<number> {
  try {
    await program().parseAsync([...argv]);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode;
    process.stderr.write(`tessera-agent: ${(error as Error).message}\n`);
    return 1;
  }
}

function program(): Command {
  const root = new Command('tessera-agent')
    .description('Runs the tasks of a Tessera cluster on this host')
    .version(agentVersion())
    .exitOverride();
  withCommon(root.command('join').description('make this host a node of a cluster'))
    .requiredOption('--manager <url>', 'a manager, such as https://manager-1:4600; repeat for more', collect, [])
    .addOption(
      new Option('--token <token>', 'join token, from "tsctl cluster token rotate worker"').env('TESSERA_JOIN_TOKEN').makeOptionMandatory(),
    )
    .option('--name <name>', "name of the node (default: the host's name)")
    .option('--label <key=value>', 'label of the node; repeat for more', collect, [])
    .option('--advertise-address <address>', 'address at which other nodes reach this one')
    .action(joinNode);
  withCommon(root.command('run').description('run tasks until SIGTERM; containers run on after it'))
    .option('--label <key=value>', 'engine label of the node; repeat for more', collect, [])
    .option('--resource <kind=count|ids>', 'generic resource of the node: gpu=2, or by ids gpu=GPU-1,GPU-2; repeat for more', collect, [])
    .option('--reserve <amounts>', 'kept for the host itself and given to no task, such as cpu=0.5,memory=512M', parseReserve)
    .option('--advertise-address <address>', 'address at which other nodes reach this one')
    .option('--docker-config <file>', "Docker's config file with registry credentials (default: ~/.docker/config.json)")
    .option('--keep-ended <count>', 'ended containers kept for each slot, for their logs', parseCount, TASK_HISTORY_PER_SLOT)
    .option('--keep-ended-minutes <minutes>', 'ended containers are kept no longer than this', parseCount, 60)
    .option('--image-unused-hours <hours>', 'remove images that the agent pulled when unused for so long; 0: never', parseCount, 24)
    .option('--image-disk-gigabytes <GB>', 'remove unused images that the agent pulled beyond so much; 0: no limit', parseCount, 0)
    .action(run);
  withCommon(
    root.command('leave').description('remove containers, networks and files of the cluster from this host, and its identity'),
  ).action(leave);
  root
    .command('version')
    .description('print the version')
    .action(() => void process.stdout.write(`${agentVersion()}\n`));
  return root;
}

function withCommon(command: Command): Command {
  const socket = new Option('--docker-host <address>', "the engine's socket").env('DOCKER_HOST').default(DEFAULT_SOCKET);
  return command
    .exitOverride()
    .option('--data-dir <dir>', 'where the agent keeps its state', DEFAULT_DATA_DIR)
    .addOption(socket)
    .option('--runtime-dir <dir>', 'folder in memory, below which configs and secrets of tasks lie', DEFAULT_RUNTIME_DIR)
    .addOption(new Option('--log-level <level>', 'how much is logged').choices(LOG_LEVELS).default('info'));
}

function collect(value: string, former: string[]): string[] {
  return [...former, value];
}

async function joinNode(flags: JoinFlags): Promise<void> {
  const { manager: managers, token, dataDir, name, advertiseAddress } = flags;
  const identity = await joinCluster({
    managers,
    token,
    dataDir,
    clock: new SystemClock(),
    labels: Object.fromEntries(flags.label.map(parseLabel)),
    ...(name !== undefined && { name }),
    ...(advertiseAddress !== undefined && { advertiseAddress }),
  });
  process.stdout.write(`joined as node ${identity.nodeId}; now start the agent: tessera-agent run --data-dir ${dataDir}\n`);
}

async function run(flags: RunFlags): Promise<void> {
  const labels = Object.fromEntries(flags.label.map(parseLabel));
  const generic = flags.resource.map(parseResource);
  const socketPath = parseDockerHost(flags.dockerHost);
  const identity = await loadIdentity(flags.dataDir);
  const clock = new SystemClock();
  const random = new SystemRandom();
  const log = pinoLog('tessera-agent', flags.logLevel);
  const db = new SqliteTaskDb(stateDir(flags.dataDir));
  const stopping = stopSignal();
  const engine = new DockerEngine({ clock, socketPath, ...(flags.dockerConfig !== undefined && { dockerConfigFile: flags.dockerConfig }) });
  const info = await engineInfo(engine, clock, log, stopping.signal);
  const { clusterId } = subjectOfPem(identity.certificate);
  const address = flags.advertiseAddress ?? (await nodeAddress(identity));
  const { runtimeDir } = flags;
  const network = hostNetwork({
    clusterId,
    address,
    socketPath,
    tunnelKeyFile: tunnelKeyFile(flags.dataDir),
    runtimeDir,
    clock,
    random,
    log,
  });
  const host = { hostname: hostname(), address, agentVersion: agentVersion(), labels, generic, reserved: flags.reserve };
  const runner = new Runner({
    clusterId,
    node: { id: identity.nodeId, hostname: host.hostname, os: info.os, architecture: info.architecture },
    engine,
    network,
    db,
    files: new TmpfsFileStore(filesRoot(flags.runtimeDir, identity)),
    grants: new TmpfsGrantStore(grantPath(flags.runtimeDir, identity)),
    killer: new ProcKiller(),
    retention: { perSlot: flags.keepEnded, maxAgeMs: flags.keepEndedMinutes * MS_PER_MINUTE },
    images: { unusedMs: flags.imageUnusedHours * MS_PER_HOUR, diskBytes: flags.imageDiskGigabytes * BYTES_PER_GIGABYTE },
    clock,
    random,
    log,
    describe: async (ownPorts) => {
      const [info, volumes, images] = await Promise.all([engine.info(), engine.volumes(), engine.images()]);
      return describeHost({ ...host, engine: info, volumes, images, ownPorts, network: await network.describe() });
    },
  });
  runner.start();
  const prober = new HostProber(clock, log);
  const session = startSession({ identity, core: runner, prober, clock, random, log, managers: identity.managers });
  process.stdout.write(`tessera-agent ready node=${identity.nodeId} engine=${info.version} address=${address}\n`);
  await stopping.done;
  log.info({}, 'stopping; containers run on');
  await session.stop();
  await prober.stop();
  await network.stop();
  await withDeadline(clock, STOP_LIMIT_MS, runner.stop(), () => new Error('steps under way')).catch(() => {
    // A container's stop grace may be long: the next start goes on where this one is.
    log.warn({ limitMs: STOP_LIMIT_MS }, 'steps under way are left to the engine');
    process.exit(0);
  });
  db.close();
}

async function leave({ dataDir, dockerHost, runtimeDir, logLevel }: CommonFlags): Promise<void> {
  const identity = await loadIdentity(dataDir);
  // Opened for its lock: an agent that runs would make the containers anew.
  const db = new SqliteTaskDb(stateDir(dataDir));
  const clock = new SystemClock();
  const socketPath = parseDockerHost(dockerHost);
  const { clusterId } = subjectOfPem(identity.certificate);
  const containers = await removeContainers(new DockerEngine({ clock, socketPath }), identity);
  const address = await nodeAddress(identity);
  const network = hostNetwork({
    clusterId,
    address,
    socketPath,
    tunnelKeyFile: tunnelKeyFile(dataDir),
    runtimeDir,
    clock,
    random: new SystemRandom(),
    log: pinoLog('tessera-agent', logLevel),
  });
  await network.leave();
  await rm(filesRoot(runtimeDir, identity), { recursive: true, force: true });
  await rm(grantPath(runtimeDir, identity), { force: true });
  db.close();
  for (const name of ['agent.db', 'agent.db-wal', 'agent.db-shm', 'agent.key', 'wireguard.key', 'wireguard.key.next'])
    await rm(join(stateDir(dataDir), name), { force: true });
  await removeIdentity(dataDir);
  process.stdout.write(`left the cluster: removed ${containers} containers, the networks and files of node ${identity.nodeId}\n`);
  process.stdout.write(`the managers still list it: remove it there with "tsctl node rm ${identity.nodeId}"\n`);
}

async function removeContainers(engine: Engine, { nodeId }: Identity): Promise<number> {
  const containers = await engine.list(`${LABELS.node}=${nodeId}`);
  await Promise.all(
    containers.map(async ({ id }) => {
      await engine.stop(id, LEAVE_GRACE_MS);
      await engine.remove(id);
    }),
  );
  return containers.length;
}

async function nodeAddress({ advertiseAddress, managers }: Identity): Promise<string> {
  return advertiseAddress ?? sourceAddress(managers[0] ?? '');
}

/** Waits for the engine: at boot the agent may be up before it. */
async function engineInfo(engine: Engine, clock: Clock, log: Log, signal: AbortSignal): Promise<EngineInfo> {
  for (;;) {
    try {
      return await engine.info();
    } catch (error) {
      log.warn({ reason: (error as Error).message }, 'waiting for the Docker engine');
      await sleep(clock, ENGINE_RETRY_MS, signal);
    }
  }
}

function stopSignal(): { signal: AbortSignal; done: Promise<void> } {
  const controller = new AbortController();
  const done = new Promise<void>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) {
      process.once(name, () => {
        controller.abort(new Error(`stopped by ${name}`));
        resolve();
      });
    }
  });
  return { signal: controller.signal, done };
}

/** A folder of this node's own: all that is in it is the agent's to remove. */
function filesRoot(runtimeDir: string, { nodeId }: Identity): string {
  return join(runtimeDir, 'task-files', nodeId);
}

/** When a manager was last reached: for tasks that must not run without. */
function grantPath(runtimeDir: string, { nodeId }: Identity): string {
  return join(runtimeDir, 'grants', nodeId);
}

function tunnelKeyFile(dataDir: string): string {
  return join(stateDir(dataDir), 'wireguard.key');
}

function stateDir(dataDir: string): string {
  return join(dataDir, 'agent');
}

function agentVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
  return version;
}
