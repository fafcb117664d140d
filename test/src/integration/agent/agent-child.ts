import { DockerEngine } from '@tessera/agent/engine/docker-engine';
import { TmpfsFileStore } from '@tessera/agent/files/tmpfs-file-store';
import { TmpfsGrantStore } from '@tessera/agent/files/tmpfs-grant-store';
import { ProcKiller } from '@tessera/agent/host/proc-killer';
import { Runner } from '@tessera/agent/runner/runner';
import { SqliteTaskDb } from '@tessera/agent/task-db/sqlite-task-db';
import type { LogOptions, NodeSetItems, TaskReport } from '@tessera/api';
import { pinoLog, SystemClock, SystemRandom } from '@tessera/kit';
import { BridgeNetworks } from './bridge-networks.js';

/** What a test tells its agent. */
export type Order = { type: 'desired'; seq: number; items: NodeSetItems } | { type: 'logs'; taskId: string; options: LogOptions };

/** What the agent tells its test. */
export type Answer = { type: 'held'; tasks: TaskReport[] } | { type: 'report'; report: TaskReport } | { type: 'log'; line: string };

/** Where the agent of a test works. */
export interface ChildSettings {
  socketPath: string;
  folder: string;
  dockerConfigFile: string;
  logLevel: 'debug' | 'info' | 'warn' | 'error';
}

/** An agent without a session, in a process of its own that can be killed: orders and reports go over the process's channel. */
function serve({ socketPath, folder, dockerConfigFile, logLevel }: ChildSettings): void {
  const clock = new SystemClock();
  const random = new SystemRandom();
  const log = pinoLog('agent', logLevel);
  const engine = new DockerEngine({ clock, socketPath, dockerConfigFile });
  const runner = new Runner({
    clusterId: 'c1',
    node: { id: 'n1', hostname: 'host-1', os: 'linux', architecture: 'x86_64' },
    engine,
    network: new BridgeNetworks(socketPath),
    db: new SqliteTaskDb(`${folder}/state`),
    files: new TmpfsFileStore(`${folder}/files`),
    killer: new ProcKiller(),
    grants: new TmpfsGrantStore(`${folder}/grant`),
    retention: { perSlot: 5, maxAgeMs: 3_600_000 },
    images: { unusedMs: 0, diskBytes: 0 },
    clock,
    random,
    log,
    describe: () => Promise.reject(new Error('not described in these tests')),
  });
  const send = (answer: Answer): void => void process.send?.(answer);
  runner.onReport((report) => send({ type: 'report', report }));
  send({ type: 'held', tasks: runner.heldTasks() });
  process.on('message', async (order: Order) => {
    if (order.type === 'desired') return runner.replaceDesired(order.seq, order.items);
    for await (const frame of runner.logs(order.taskId, order.options, AbortSignal.timeout(30_000))) {
      send({ type: 'log', line: frame.type === 'line' ? `${frame.stream}: ${frame.text}` : frame.type });
    }
  });
  process.on('disconnect', () => process.exit());
  runner.start();
}

serve(JSON.parse(process.argv[2] ?? '{}') as ChildSettings);
