import { mkdir } from 'node:fs/promises';
import { type Clock, forMany } from '@tessera/kit';
import { ensureBase } from '../base/base.js';
import { makeShareDisk } from '../base/disk.js';
import { recipeOf } from '../base/recipe.js';
import { hasDefaultRoute, openInternet } from '../lan/internet.js';
import { addressPlan, subnetsInUse } from '../plan/address-plan.js';
import { checkPrerequisites } from '../preflight/check-prerequisites.js';
import { describeProblems } from '../preflight/problems.js';
import { run } from '../run/run.js';
import { type ClusterFile, writeClusterFile } from '../state/cluster-file.js';
import type { ClusterPaths } from '../state/paths.js';
import { claimSubnet } from '../state/subnet-claims.js';
import { destroyCluster } from './destroy.js';
import { fleetOf } from './fleet.js';
import { type BedOptions, checkHostCount } from './options.js';
import { ownPrograms } from './own-programs.js';

/** Makes a cluster. When it fails or is aborted, nothing of it is left. */
export async function createCluster(paths: ClusterPaths, options: BedOptions, clock: Clock): Promise<void> {
  checkHostCount(options.hosts);
  const problems = await checkPrerequisites(options.kind ?? 'light');
  if (problems.length > 0) throw new Error(describeProblems(problems));
  await reserve(options.name, paths);
  try {
    const file = await record(paths, options, clock);
    await start(paths, file, options, clock);
  } catch (error) {
    await destroyCluster(options.name, paths, clock);
    options.signal?.throwIfAborted();
    throw error;
  }
}

/** Takes the name: its folder is made first, so that whatever follows can be found. */
async function reserve(name: string, paths: ClusterPaths): Promise<void> {
  await mkdir(paths.devDir, { recursive: true });
  await mkdir(paths.dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
    throw new Error(`development cluster "${name}" exists already: "tsctl dev down ${name}" removes it`);
  });
}

/** Writes down what is about to be made, and claims the subnet that its names and addresses follow from. */
async function record(
  paths: ClusterPaths,
  { name, hosts, kind = 'light', light = 0, internet = false, share = ownPrograms() }: BedOptions,
  clock: Clock,
): Promise<ClusterFile & { subnet: number }> {
  const file: ClusterFile = {
    version: 1,
    kind,
    internet: internet && (await hasDefaultRoute()),
    createdAtMs: clock.now(),
    hosts: Array.from({ length: hosts }, (_, i) => i + 1),
    ...(light > 0 && { light }),
    share: [...share],
  };
  await writeClusterFile(paths.clusterFile, file);
  const subnet = await claimSubnet(paths.subnetClaims, name, await usedSubnets());
  await writeClusterFile(paths.clusterFile, { ...file, subnet });
  return { ...file, subnet };
}

async function usedSubnets(): Promise<Set<number>> {
  const [routes, addresses] = await Promise.all([run(['ip', '-4', 'route']), run(['ip', '-4', 'addr'])]);
  return subnetsInUse(routes.stdout + addresses.stdout);
}

async function start(
  paths: ClusterPaths,
  file: ClusterFile & { subnet: number },
  { name, onProgress = () => {}, signal, internet }: BedOptions,
  clock: Clock,
): Promise<void> {
  onProgress({ message: `network ${addressPlan(file.subnet).network}` });
  if (internet && !file.internet) onProgress({ message: 'this machine has no default route: the hosts get no internet' });
  const { lan, host } = await fleetOf(name, paths, file, clock);
  signal?.throwIfAborted();
  await prepare(paths, file, (message) => onProgress({ message }), signal);
  await lan.start(file.internet, signal);
  onProgress({ message: 'LAN is up' });
  if (file.internet) await openInternet(paths.devDir, file.subnet);
  await allOrNone(signal, (either) => [
    lan.startRegistry(either).then(() => onProgress({ message: 'registry is up' })),
    ...file.hosts.map(host).map(async (each) => {
      await each.powerOn(either);
      onProgress({ host: each.name, message: `Docker is up at ${each.ip}` });
    }),
  ]);
}

/** What hosts with a system of their own have in common: the Debian that it is, the key that it lets in, and what they see of this machine. */
async function prepare(
  paths: ClusterPaths,
  { kind, share }: ClusterFile,
  onProgress: (message: string) => void,
  signal?: AbortSignal,
): Promise<void> {
  if (kind === 'light') return;
  await ensureBase(paths.devDir, recipeOf(kind), onProgress, signal);
  if (kind === 'vm') await makeShareDisk(paths.shareDisk, share, signal);
  await run(['ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'tessera-dev', '-f', paths.sshKey], { signal });
}

/** Runs works side by side; the first that fails aborts the others, and all have ended when it throws. */
async function allOrNone(signal: AbortSignal | undefined, begin: (signal: AbortSignal) => Promise<void>[]): Promise<void> {
  const failure = new AbortController();
  const works = begin(forMany(signal ? AbortSignal.any([signal, failure.signal]) : failure.signal));
  for (const work of works) work.catch((error: unknown) => failure.abort(error));
  await Promise.allSettled(works);
  signal?.throwIfAborted();
  failure.signal.throwIfAborted();
}
