import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SystemClock, until } from '@tessera/kit';

const command = promisify(execFile);
const CGROUP_ROOT = '/sys/fs/cgroup';
const SETTLE_LIMIT_MS = 10_000;
const SETTLE_INTERVAL_MS = 50;

/** What can be left behind on a machine, each as a line that names it. */
export type MachineSnapshot = ReadonlySet<string>;

export interface MachineDiff {
  /** What is there now and was not before: leftovers. */
  added: string[];
  /** What was there before and is not now: damage. */
  removed: string[];
}

/**
 * Looks at everything that a test of hosts and networks could leave on the machine: processes, network namespaces, mounts,
 * links, routes, forwarding, nft tables, cgroups, and files in the folders of namespaces and of the bed.
 */
export async function snapshotMachine(): Promise<MachineSnapshot> {
  const parts = await Promise.all([
    processes(),
    mounts(),
    cgroups(),
    output('link', 'ip', '-o', 'link', 'show'),
    output('route', 'ip', '-4', 'route', 'show', 'table', 'all'),
    output('nft', 'nft', 'list', 'tables'),
    files('netns', '/run/netns'),
    state(),
    claims(),
    forwarding(),
  ]);
  return new Set(parts.flat());
}

/** @param concerns which lines to compare; by default all, which needs a machine where nothing else starts or ends. */
export function diffMachine(
  before: MachineSnapshot,
  after: MachineSnapshot,
  concerns: (line: string) => boolean = () => true,
): MachineDiff {
  return {
    added: [...after].filter((line) => !before.has(line) && concerns(line)),
    removed: [...before].filter((line) => !after.has(line) && concerns(line)),
  };
}

/**
 * Waits until the machine is as it was, since the kernel takes a namespace down only after its last process has ended.
 * @throws Error that lists what is left or lost.
 */
export async function assertMachineClean(before: MachineSnapshot, concerns?: (line: string) => boolean): Promise<void> {
  let diff: MachineDiff = { added: [], removed: [] };
  const isClean = async (): Promise<boolean> => {
    diff = diffMachine(before, await snapshotMachine(), concerns);
    return diff.added.length + diff.removed.length === 0;
  };
  const wait = { clock: new SystemClock(), what: 'a clean machine', limitMs: SETTLE_LIMIT_MS };
  await until(isClean, { ...wait, intervalMs: SETTLE_INTERVAL_MS }).catch((error: Error) => {
    const lines = [...diff.added.map((line) => `left: ${line}`), ...diff.removed.map((line) => `lost: ${line}`)];
    throw new Error(lines.length > 0 ? `the machine is not as it was:\n${lines.join('\n')}` : error.message);
  });
}

/** All processes but kernel threads and those that this look itself starts. */
async function processes(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(pids.map(describeProcess));
  return lines.filter((line) => line !== undefined);
}

async function describeProcess(pid: string): Promise<string | undefined> {
  const read = (file: string): Promise<string> => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
  const [stat, cmdline, cgroup] = await Promise.all([read('stat'), read('cmdline'), read('cgroup')]);
  const [state, parent, ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const isOurLook = Number(parent) === process.pid && /^(ip|nft)\0/.test(cmdline);
  if (cmdline === '' || state === 'Z' || isOurLook) return undefined;
  const startTicks = rest[17];
  const groups = new Set(cgroup.split('\n').map((line) => line.slice(line.indexOf('/'))));
  return `process ${pid} ${startTicks} ${cmdline.replaceAll('\0', ' ').trim()} [${[...groups].join(' ').trim()}]`;
}

async function mounts(): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).trim().split('\n');
  return lines.map((line) => `mount ${line.split(' ').slice(3, 5).join(' ')}`);
}

/** Those of containers of other tests come and go while this looks. */
async function cgroups(folder = CGROUP_ROOT): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENODEV') return [];
    throw error;
  });
  const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(folder, name));
  const below = await Promise.all(folders.map((each) => cgroups(each)));
  return [...folders.map((each) => `cgroup ${each}`), ...below.flat()];
}

/** Lines of a command, without what changes by itself. */
async function output(kind: string, program: string, ...args: string[]): Promise<string[]> {
  const { stdout } = await command(program, args);
  const lines = stdout.split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => `${kind} ${kind === 'link' ? (line.split(': ')[1] ?? line) : line.trim()}`);
}

async function files(kind: string, folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names.map((name) => `${kind} ${join(folder, name)}`);
}

/** What lies in the bed's folder, without the cached Debian trees and the folder of claims, which are to stay. */
async function state(): Promise<string[]> {
  const lines = await files('state', stateDir());
  return lines.filter((line) => !line.endsWith('/base') && !line.endsWith('/.subnets'));
}

/** The numbers of subnets that are taken, with their owners. */
async function claims(): Promise<string[]> {
  const folder = join(stateDir(), '.subnets');
  const numbers = await readdir(folder).catch(() => []);
  return Promise.all(numbers.map(async (number) => `claim ${number} ${await readlink(join(folder, number)).catch(() => '')}`));
}

function stateDir(): string {
  return process.env.TESSERA_DEV_DIR ?? '/var/lib/tessera-dev';
}

async function forwarding(): Promise<string[]> {
  return [`net.ipv4.ip_forward ${(await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8')).trim()}`];
}
