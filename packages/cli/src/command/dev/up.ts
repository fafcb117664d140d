import { ContextStore } from '../../context/context-store.js';
import { Failure, Interrupted, usageFailure } from '../../failure.js';
import { counted, formatDuration } from '../../output/units.js';
import type { Session } from '../../session.js';
import { defineCommand } from '../define.js';
import { countValue } from '../parse.js';
import { DEFAULT_DEV_NAME } from './name.js';

interface UpOptions {
  hosts?: number;
  full?: boolean;
  vm?: boolean;
  name?: string;
  store?: 'embedded' | 'etcd';
  internet?: boolean;
}

const DEFAULT_HOSTS = 3;

export const command = defineCommand<UpOptions>({
  options: [
    { flags: '--hosts <count>', summary: `number of hosts; ${DEFAULT_HOSTS} when absent`, parse: countValue },
    { flags: '--full', summary: 'hosts with a system of their own, nearer to virtual machines; the first takes a minute' },
    { flags: '--vm', summary: 'virtual machines with kernels of their own, emulated by QEMU: slow, and a gigabyte of memory each' },
    { flags: '--name <name>', summary: `name of the cluster and of the context; "${DEFAULT_DEV_NAME}" when absent` },
    {
      flags: '--store <store>',
      summary: 'where the manager keeps its state: embedded (the default) or etcd',
      choices: ['embedded', 'etcd'],
    },
    { flags: '--internet', summary: 'let the hosts reach the outside, where this machine can' },
  ],
  details:
    'Makes hosts with Docker on this machine, a registry, a manager in the first host and an agent in each, and a context that is the current one from then on. Needs root and Linux. Nothing outside of it is touched; `tsctl dev down` leaves nothing.',
  examples: [
    { line: 'sudo tsctl dev up', does: 'a cluster of three hosts' },
    { line: 'sudo tsctl dev up --hosts 5 --store etcd --name big', does: 'five hosts, state in etcd' },
  ],
  async run(session, _args, options) {
    const { name = DEFAULT_DEV_NAME, hosts = DEFAULT_HOSTS, full = false, vm = false, store = 'embedded', internet = false } = options;
    const { io } = session;
    const startedMs = io.clock.monotonic();
    if (full && vm) throw usageFailure('--full and --vm are two kinds of hosts: choose one');
    const kind = vm ? 'vm' : full ? 'full' : 'light';
    await refuseTaken(session, name);
    const { Bed, checkClusterName, checkHostCount, checkPrerequisites, describeProblems } = await import('@tessera/bed');
    const { startCluster } = await import('@tessera/bed/cluster/index');
    refuse(() => checkHostCount(hosts));
    refuse(() => checkClusterName(name));
    const problems = await checkPrerequisites(kind);
    if (problems.length > 0) throw usageFailure(describeProblems(problems));
    const onProgress = (event: { host?: string; message: string }): void => session.note(progressLine(session, event));
    const bed = await Bed.create({ name, hosts, kind, internet, onProgress, signal: session.signal, clock: io.clock });
    try {
      const { cluster, endpoint, close } = await startCluster(bed, {
        store,
        detached: true,
        onProgress,
        signal: session.signal,
        clock: io.clock,
      });
      close();
      await new ContextStore(io).save(name, { endpoints: [endpoint], ...cluster.admin }, { use: true });
    } catch (error) {
      await Bed.destroy(name, io.clock);
      throw session.signal.aborted
        ? new Interrupted(`the development cluster ${name} was removed again`)
        : new Failure((error as Error).message, { cause: error });
    }
    session.print(...nextSteps(name, hosts, bed.registry.address, formatDuration(io.clock.monotonic() - startedMs)));
    return 0;
  },
});

/** What the bed would refuse is wrong use of the command line. */
function refuse(check: () => void): void {
  try {
    check();
  } catch (error) {
    throw usageFailure((error as Error).message);
  }
}

/** A context of another cluster is not overwritten: its key would be lost. */
async function refuseTaken({ io }: Session, name: string): Promise<void> {
  const contexts = await new ContextStore(io).list();
  if (contexts.some((context) => context.name === name)) {
    throw usageFailure(
      `there is a context "${name}" already`,
      `remove what it belongs to (tsctl dev down ${name}), forget it (tsctl context rm ${name}), or choose another --name`,
    );
  }
}

function progressLine({ errorStyle }: Session, { host, message }: { host?: string; message: string }): string {
  return `${errorStyle.green('✓')} ${host === undefined ? '' : `${host}: `}${message}`;
}

function nextSteps(name: string, hosts: number, registry: string, took: string): string[] {
  return [
    `development cluster ${name} with ${counted(hosts, 'host')} is ready (${took}); tsctl talks to it now`,
    '',
    'what next:',
    '  tsctl node ls                     the hosts',
    '  tsctl deploy -f compose.yml shop  deploy a stack and watch it come up',
    `  registry for your images          ${registry}`,
    `  tsctl dev down ${name.padEnd(19)}remove all of it`,
  ];
}
