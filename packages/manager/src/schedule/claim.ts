import type { GenericResource, PublishedPort, Task, TaskTemplate } from '@tessera/api';
import { hostAddress } from '@tessera/api/net/host-address';
import type { TaskSource } from '../model/spec-of.js';
import { isAssigned, isLive, isWanted } from '../model/task.js';

/** What each task of a service and template takes of its node. Shared by all of them, by reference. */
export interface Claim {
  readonly serviceId: string;
  readonly nanoCpus: number;
  readonly memoryBytes: number;
  readonly generic: readonly GenericResource[];
  readonly hostPorts: readonly HostPort[];
  /** Full names of the networks that it has an address on. */
  readonly networks: readonly string[];
}

export interface HostPort {
  /** Such as `tcp/8080`. */
  key: string;
  /** Empty: every address of the node. */
  hostIp: string;
}

/** Claims that were made, by the template that they follow from. */
const MADE = new WeakMap<TaskTemplate, { ports: readonly PublishedPort[]; claim: Claim }>();

/** The claim of all tasks of one source: the same object each time, as long as the source is the same object. */
export function claimOf(serviceId: string, source: TaskSource): Claim {
  const { template } = source.spec;
  const made = MADE.get(template);
  if (made?.ports === source.ports && made.claim.serviceId === serviceId) return made.claim;
  const { nanoCpus, memoryBytes, generic } = template.reservations;
  const networks = template.networks.map(({ network }) => network);
  const claim = { serviceId, nanoCpus, memoryBytes, generic, hostPorts: hostPortsOf(source.ports), networks };
  MADE.set(template, { ports: source.ports, claim });
  return claim;
}

/** Whether a task takes its node's resources: from its assignment until it has ended. */
export function holdsClaim(task: Task): boolean {
  return task.nodeId !== undefined && isAssigned(task) && isLive(task);
}

/** Whether a task counts as a replica when tasks are spread: not once it was told to go. */
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
    .map((port) => ({ key: `${port.protocol}/${port.published}`, hostIp: hostAddress(port.hostIp) ?? '' }));
}
