import type { MountSpec, Node, ServiceSpec, Task } from '@tessera/api';
import { sourceOf } from '../model/spec-of.js';
import { byAge, isLive } from '../model/task.js';
import type { ClusterView } from '../model/view.js';
import type { NodeTable } from './node-table.js';
import { mustLeave } from './taints.js';

/** The one node that a task may go to. */
export interface Home {
  nodeId: string;
  /** In words: `its volume shop_data is on node2`. */
  reason: string;
}

/** On a volume: `no` or `false` lets tasks leave it behind. */
const STAY_LABEL = 'tessera.stay';
const SHARED_TYPES = /^(?:nfs4?|cifs|smb3?|glusterfs|ceph|tmpfs)$/i;
const UNKNOWN_PLACEHOLDER = /\{\{/;

/** Names, as written, of volumes that lie on one node, and that tasks are to stay with. */
export function localVolumes({ template }: ServiceSpec): string[] {
  return template.container.mounts.flatMap((mount) => (isLocal(mount) ? [mount.source!] : []));
}

/**
 * Where the task's data lies: the node on which its slot ran last with one of the volumes, else one that has such a volume which no other
 * task of the service uses. Nothing for a slot whose data is nowhere, or on a node that was removed or is being emptied. The agent says which
 * volumes there are; the slot's own last run is known at once.
 * @param volumes of the service, from {@link localVolumes}
 */
export function homeOf(view: ClusterView, table: NodeTable, spec: ServiceSpec, volumes: readonly string[], task: Task): Home | undefined {
  if (task.slot === undefined) return undefined;
  const last = lastRun(view, task, volumes);
  const node = last?.nodeId === undefined ? undefined : view.get('nodes', last.nodeId);
  if (node) return mustLeave(node, spec.placement) ? undefined : toHome(node, volumes[0]!);
  return findVolume(
    table,
    spec,
    volumes.map((volume) => named(volume, task)),
    task.serviceId,
  );
}

function isLocal({ type, source, volume }: MountSpec): boolean {
  if (type !== 'volume' || !source || /^(?:no|false)$/i.test(volume?.labels?.[STAY_LABEL] ?? '')) return false;
  return (volume?.driver ?? 'local') === 'local' && !SHARED_TYPES.test(volume?.driverOptions?.type ?? '');
}

/** The newest other task of the slot that was started, with a volume of these. */
function lastRun(view: ClusterView, { id, serviceId, slot }: Task, volumes: readonly string[]): Task | undefined {
  let last: Task | undefined;
  for (const task of view.tasksOfService(serviceId)) {
    if (task.slot !== slot || task.id === id || task.nodeId === undefined) continue;
    if (task.status.startedAt === undefined && !isLive(task)) continue;
    if (!last || byAge(last, task) < 0) last = task;
  }
  const source = last && sourceOf(view, last);
  return source && localVolumes(source.spec).some((volume) => volumes.includes(volume)) ? last : undefined;
}

function findVolume(table: NodeTable, spec: ServiceSpec, volumes: readonly string[], serviceId: string): Home | undefined {
  const used = table.countsOf(serviceId);
  let best: { node: Node; volume: string } | undefined;
  for (let index = 0; index < table.size; index++) {
    const node = table.node(index);
    if (!node?.description?.volumes || used.has(index) || mustLeave(node, spec.placement)) continue;
    const volume = volumes.find((name) => node.description!.volumes!.includes(name));
    if (volume !== undefined && (!best || node.id < best.node.id)) best = { node, volume };
  }
  return best && toHome(best.node, best.volume);
}

function toHome(node: Node, volume: string): Home {
  return { nodeId: node.id, reason: `its volume ${volume} is on ${node.name}` };
}

/** The volume's own name where it follows from the service and the slot; with another placeholder, one that no volume has. */
function named(volume: string, { serviceName, serviceId, slot }: Task): string {
  const name = volume
    .replace(/\{\{\s*\.Task\.Slot\s*\}\}/g, String(slot))
    .replace(/\{\{\s*\.Service\.Name\s*\}\}/g, serviceName)
    .replace(/\{\{\s*\.Service\.ID\s*\}\}/g, serviceId);
  return UNKNOWN_PLACEHOLDER.test(name) ? '' : name;
}
