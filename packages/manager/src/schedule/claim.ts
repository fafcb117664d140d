import type { GenericResource, PublishedPort, Task } from '@tessera/api';
import type { TaskSource } from '../model/spec-of.js';
import { isAssigned, isLive, isWanted } from '../model/task.js';

/** What a task takes of its node. */
export interface Claim {
  serviceId: string;
  nanoCpus: number;
  memoryBytes: number;
  generic: readonly GenericResource[];
  hostPorts: readonly HostPort[];
  /** Counts as a replica when tasks are spread: false once it was told to go. */
  counts: boolean;
}

export interface HostPort {
  /** Such as `tcp/8080`. */
  key: string;
  /** Empty: every address of the node. */
  hostIp: string;
}

/** Claims of all tasks of one source. */
export function claimOf(serviceId: string, source: TaskSource): Claim {
  const { nanoCpus, memoryBytes, generic } = source.spec.template.reservations;
  return { serviceId, nanoCpus, memoryBytes, generic, hostPorts: hostPortsOf(source.ports), counts: true };
}

/** Whether a task takes its node's resources: from its assignment until it has ended. */
export function holdsClaim(task: Task): boolean {
  return task.nodeId !== undefined && isAssigned(task) && isLive(task);
}

export function countsAsReplica(task: Task): boolean {
  return isWanted(task);
}

/** Whether two ports cannot be bound on one node together. */
export function portsClash(a: HostPort, b: HostPort): boolean {
  return a.key === b.key && (a.hostIp === '' || b.hostIp === '' || a.hostIp === b.hostIp);
}

function hostPortsOf(ports: readonly PublishedPort[]): HostPort[] {
  return ports
    .filter((port) => port.mode === 'host' && port.published !== undefined)
    .map((port) => ({ key: `${port.protocol}/${port.published}`, hostIp: isAnyAddress(port.hostIp) ? '' : port.hostIp! }));
}

function isAnyAddress(address: string | undefined): boolean {
  return address === undefined || address === '' || address === '0.0.0.0' || address === '::';
}
