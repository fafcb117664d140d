import { isFencedTemplate, type TaskAssignment } from '@tessera/api';

/** Labels that the agent puts on what it owns. A container without this node's label is foreign and never touched. */
export const LABELS = {
  cluster: 'tessera.cluster',
  node: 'tessera.node',
  task: 'tessera.task',
  service: 'tessera.service',
  serviceName: 'tessera.service-name',
  stack: 'tessera.stack',
  slot: 'tessera.slot',
  specRevision: 'tessera.spec-revision',
  partition: 'tessera.partition',
} as const;

const NETWORK_PREFIX = 'tessera.network.';

/** Whose containers these are. */
export interface Ownership {
  clusterId: string;
  nodeId: string;
}

/** Labels of a task's container; `networks` maps network ids to the Docker networks that it is plugged into. */
export function ownLabels(task: TaskAssignment, owner: Ownership, networks: Readonly<Record<string, string>>): Record<string, string> {
  return {
    [LABELS.cluster]: owner.clusterId,
    [LABELS.node]: owner.nodeId,
    [LABELS.task]: task.id,
    [LABELS.service]: task.serviceId,
    [LABELS.serviceName]: task.serviceName,
    [LABELS.specRevision]: String(task.specRevision),
    ...(isFencedTemplate(task.template) && { [LABELS.partition]: 'stop' }),
    ...(task.stack !== undefined && { [LABELS.stack]: task.stack }),
    ...(task.slot !== undefined && { [LABELS.slot]: String(task.slot) }),
    ...Object.fromEntries(Object.entries(networks).map(([id, name]) => [NETWORK_PREFIX + id, name])),
  };
}

/** Docker networks by network id, as the container's labels tell. */
export function labelledNetworks(labels: Readonly<Record<string, string>>): Record<string, string> {
  const entries = Object.entries(labels).filter(([key]) => key.startsWith(NETWORK_PREFIX));
  return Object.fromEntries(entries.map(([key, name]) => [key.slice(NETWORK_PREFIX.length), name]));
}

/** `<service>.<slot>.<task>`, or with the node in the slot's place for tasks of global services. Unique, since task ids are. */
export function containerName(task: TaskAssignment, nodeId: string): string {
  return `${task.serviceName}.${task.slot ?? nodeId}.${task.id}`;
}
