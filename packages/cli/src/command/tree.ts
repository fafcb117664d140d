import type { Group, Noun, Verb } from './entry.js';

const verb = (name: string, summary: string, load: Verb['load'], alias?: string): Verb => ({
  name,
  summary,
  load,
  ...(alias !== undefined && { alias }),
});

const deploy = () => import('./stack/deploy.js');
const plan = () => import('./stack/plan.js');
const history = () => import('./stack/history.js');
const diff = () => import('./stack/diff.js');
const rollback = () => import('./stack/rollback.js');
const listStacks = () => import('./stack/ls.js');
const removeStack = () => import('./stack/rm.js');
const listServices = () => import('./service/ls.js');
const scale = () => import('./service/scale.js');
const listTasks = () => import('./task/ps.js');
const logs = () => import('./task/logs.js');

const portForward = () => import('./task/port-forward.js');

const EVERYDAY: Group = {
  title: 'Everyday commands:',
  entries: [
    verb('deploy', 'Create or update a stack from Compose files, and wait until it runs', deploy),
    verb('plan', 'Show what a deploy would do', plan),
    verb('history', 'List the releases of a stack', history),
    verb('diff', 'Compare two releases, or one with what is there now', diff),
    verb('rollback', 'Go back to an earlier release', rollback),
    verb('ls', 'List stacks', listStacks),
    verb('ps', 'List tasks, of everything or of stacks and services', listTasks),
    verb('services', 'List services', listServices),
    verb('logs', 'Print the log of a service or task', logs),
    verb('port-forward', 'Reach a port of a service or task from this machine', portForward),
    verb('scale', 'Set the number of tasks of services', scale),
    verb('rebalance', 'Move tasks so that their spread is more even', () => import('./rebalance.js')),
    verb('why', 'Tell why a service, task or node is not as asked, and what helps', () => import('./why.js')),
    verb('inspect', 'Print all that is known of objects', () => import('./inspect.js')),
    verb('rm', 'Remove stacks', removeStack),
  ],
};

const STACK: Noun = {
  name: 'stack',
  summary: 'Stacks: services deployed together',
  entries: [
    verb('deploy', 'Create or update a stack from Compose files, and wait until it runs', deploy),
    verb('plan', 'Show what a deploy would do', plan),
    verb('history', 'List the releases of a stack', history),
    verb('diff', 'Compare two releases, or one with what is there now', diff),
    verb('rollback', 'Go back to an earlier release', rollback),
    verb('ls', 'List stacks', listStacks),
    verb('ps', 'List the tasks of stacks', () => import('./stack/ps.js')),
    verb('services', 'List the services of a stack', () => import('./stack/services.js')),
    verb('rm', 'Remove stacks', removeStack),
  ],
};

const SERVICE: Noun = {
  name: 'service',
  summary: 'Services: tasks of one kind, kept running',
  entries: [
    verb('create', 'Create a service', () => import('./service/create.js')),
    verb('ls', 'List services', listServices),
    verb('ps', 'List the tasks of services', () => import('./service/ps.js')),
    verb('inspect', 'Print all that is known of services', () => import('./service/inspect.js')),
    verb('logs', 'Print the log of a service or task', logs),
    verb('scale', 'Set the number of tasks of services', scale),
    verb('update', 'Change a service', () => import('./service/update.js')),
    verb('rollback', 'Go back to what a service ran before', rollback),
    verb('rm', 'Remove services', () => import('./service/rm.js')),
  ],
};

const UPDATE: Noun = {
  name: 'update',
  summary: 'Updates: services on their way to new tasks',
  entries: [
    verb('ls', 'List the last update of each service', () => import('./update/ls.js')),
    verb('pause', 'Leave the tasks that are not replaced yet as they are', () => import('./update/pause.js')),
    verb('resume', 'Go on with a paused update', () => import('./update/resume.js')),
    verb('promote', 'Let the rest follow a canary', () => import('./update/promote.js')),
    verb('abort', 'Go back to what ran before the update', () => import('./update/abort.js')),
  ],
};

const JOB: Noun = {
  name: 'job',
  summary: 'Jobs: services whose tasks run to their end',
  entries: [
    verb('ls', 'List jobs, or the runs of one', () => import('./job/ls.js')),
    verb('run', 'Run a job now, and wait for its end', () => import('./job/run.js')),
    verb('logs', 'Print the log of a run', () => import('./job/logs.js')),
    verb('stop', 'Cancel the runs under way', () => import('./job/stop.js')),
    verb('suspend', 'Let a schedule start nothing', () => import('./job/suspend.js')),
    verb('resume', 'Let a schedule start runs again', () => import('./job/resume.js')),
  ],
};

const NODE: Noun = {
  name: 'node',
  summary: 'Nodes: the hosts that run tasks',
  entries: [
    verb('ls', 'List nodes', () => import('./node/ls.js')),
    verb('ps', 'List the tasks on nodes', () => import('./node/ps.js')),
    verb('inspect', 'Print all that is known of nodes', () => import('./node/inspect.js')),
    verb('update', 'Change labels, availability or role', () => import('./node/update.js')),
    verb('drain', 'Move all tasks away', () => import('./node/drain.js')),
    verb('pause', 'Take no new tasks', () => import('./node/pause.js')),
    verb('activate', 'Take tasks again', () => import('./node/activate.js')),
    verb('rm', 'Forget nodes', () => import('./node/rm.js')),
  ],
};

const NETWORK: Noun = {
  name: 'network',
  summary: 'Networks that span the nodes',
  entries: [
    verb('ls', 'List networks', () => import('./network/ls.js')),
    verb('inspect', 'Print all that is known of networks', () => import('./network/inspect.js')),
    verb('create', 'Create a network', () => import('./network/create.js')),
    verb('rm', 'Remove networks', () => import('./network/rm.js')),
    verb('doctor', 'Try all ways between the nodes, and tell what is wrong', () => import('./network/doctor.js')),
  ],
};

const CONFIG: Noun = {
  name: 'config',
  summary: 'Configs: small files handed to tasks',
  entries: [
    verb('ls', 'List configs', () => import('./config/ls.js')),
    verb('create', 'Create a config from a file or standard input', () => import('./config/create.js')),
    verb('rm', 'Remove configs', () => import('./config/rm.js')),
  ],
};

const SECRET: Noun = {
  name: 'secret',
  summary: 'Secrets: small files handed to tasks, encrypted where they are stored',
  entries: [
    verb('ls', 'List secrets, without their content', () => import('./secret/ls.js')),
    verb('create', 'Create a secret from a file or standard input', () => import('./secret/create.js')),
    verb('rm', 'Remove secrets', () => import('./secret/rm.js')),
  ],
};

const CLUSTER: Noun = {
  name: 'cluster',
  summary: 'The cluster itself',
  entries: [
    verb('init', 'Make a new cluster on this host', () => import('./cluster/init.js')),
    verb('info', 'Tell about the cluster', () => import('./cluster/info.js')),
    {
      name: 'token',
      summary: 'Join tokens',
      entries: [verb('rotate', 'Make a new join token; the old one is void', () => import('./cluster/token/rotate.js'))],
    },
  ],
};

const HTTP: Noun = {
  name: 'http',
  summary: 'HTTP: services by host name and path',
  entries: [
    verb('enable', 'Start the HTTP proxy, or change how it runs', () => import('./http/enable.js')),
    verb('status', 'List hosts and paths, and whether the proxies serve them', () => import('./http/status.js')),
    verb('ca', "Print the CA's certificate of hosts with tls: internal", () => import('./http/ca.js')),
    verb('renew', 'Ask the authority for a new certificate of a host with tls: auto', () => import('./http/renew.js')),
    verb('disable', 'Stop the HTTP proxy', () => import('./http/disable.js')),
  ],
};

const CONTEXT: Noun = {
  name: 'context',
  summary: 'Contexts: the clusters that this user talks to',
  entries: [
    verb('ls', 'List contexts', () => import('./context/ls.js')),
    verb('use', 'Talk to another cluster from now on', () => import('./context/use.js')),
    verb('show', 'Show which cluster is talked to', () => import('./context/show.js')),
    verb('import', 'Add a cluster', () => import('./context/import.js')),
    verb('rm', 'Forget clusters', () => import('./context/rm.js')),
  ],
};

const DEV: Noun = {
  name: 'dev',
  summary: 'Development clusters of several hosts on this machine',
  entries: [
    verb('up', 'Make a development cluster', () => import('./dev/up.js')),
    verb('ls', 'List development clusters', () => import('./dev/ls.js')),
    verb('down', 'Remove a development cluster, leaving nothing', () => import('./dev/down.js')),
  ],
};

/** Every command of `tsctl`. docs/reference/cli.md and the completions come from this table too. */
export const TREE: readonly Group[] = [
  EVERYDAY,
  { title: 'Commands by object:', entries: [STACK, SERVICE, UPDATE, JOB, NODE, NETWORK, HTTP, CONFIG, SECRET] },
  { title: 'Clusters:', entries: [CLUSTER, CONTEXT, DEV] },
  {
    title: 'Other commands:',
    entries: [
      verb('completion', 'Print a script that completes commands in a shell', async () => ({
        command: (await import('./completion.js')).completionCommand(TREE),
      })),
      verb('version', 'Print the version', () => import('./version.js')),
    ],
  },
];
