import { constants } from 'node:fs';
import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseHierarchies } from '../cgroup/hierarchies.js';
import { capture } from '../run/run.js';
import { searchPath } from '../run/search-path.js';
import type { HostKind } from '../state/cluster-file.js';
import { type MachineFacts, type Problem, problemsOf, requiredPrograms } from './problems.js';

/** Link types that are tried by making one in a network namespace that goes with the command. */
const LINK_TRIALS: Record<string, string> = {
  bridge: 'ip link add t0 type bridge',
  veth: 'ip link add t0 type veth peer name t1',
  vxlan: 'ip link add t0 type vxlan id 1 dstport 4789',
  nftables: 'nft add table ip t0',
};

/** What this machine lacks for hosts of `kind`, each with its cure. Empty when all is there. */
export async function checkPrerequisites(kind: HostKind): Promise<Problem[]> {
  return problemsOf(kind, await machineFacts(kind));
}

async function machineFacts(kind: HostKind): Promise<MachineFacts> {
  const isRoot = process.getuid?.() === 0;
  const programs = new Set<string>();
  for (const { program } of requiredPrograms(kind)) {
    if (await isOnPath(program)) programs.add(program);
  }
  const mountinfo = await readText('/proc/self/mountinfo');
  return {
    platform: process.platform,
    isRoot,
    programs,
    filesystems: await readText('/proc/filesystems'),
    missingFeatures: isRoot && programs.has('unshare') ? await missingFeatures(programs) : [],
    cgroupMounts: parseHierarchies(mountinfo).length,
    cgroupControllers: await controllers(),
  };
}

async function missingFeatures(programs: ReadonlySet<string>): Promise<string[]> {
  const trials = Object.entries(LINK_TRIALS).filter(([, command]) => programs.has(command.split(' ')[0] ?? ''));
  const results = await Promise.all(
    trials.map(async ([feature, command]) => ({
      feature,
      works: (await capture(['unshare', '--net', 'sh', '-c', command])).code === 0,
    })),
  );
  return results.filter(({ works }) => !works).map(({ feature }) => feature);
}

/** Controllers of cgroup v1 (from /proc/cgroups) or v2. */
async function controllers(): Promise<Set<string>> {
  const v1 = await readText('/proc/cgroups');
  const v2 = await readText('/sys/fs/cgroup/cgroup.controllers');
  const enabled = v1.split('\n').map((line) => line.split('\t'));
  return new Set([...enabled.filter(([name, , , on]) => name && on === '1').map(([name = '']) => name), ...v2.trim().split(' ')]);
}

async function isOnPath(program: string): Promise<boolean> {
  for (const folder of searchPath().split(':')) {
    const found = await access(join(folder, program), constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return true;
  }
  return false;
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch(() => '');
}
