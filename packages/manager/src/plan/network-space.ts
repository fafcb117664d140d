import { type Ipv4Range, isTerminal, type Network, parseRange, type ServiceSpec, type Task } from '@tessera/api';
import type { ClusterView } from '../model/view.js';
import { fitsPlacement } from '../schedule/fit.js';

/** Subnets that other networks have or ask for, those of removed networks whose last tasks still stop among them. */
export function othersSubnets(view: ClusterView, networkId: string | undefined): Ipv4Range[] {
  const subnets: string[] = [];
  for (const { id, spec, allocation } of view.all('networks')) if (id !== networkId) subnets.push(allocation?.subnet ?? spec.subnet ?? '');
  for (const block of view.all('blocks')) if (!view.get('networks', block.networkId)) subnets.push(block.subnet);
  return subnets.flatMap((subnet) => parseRange(subnet) ?? []);
}

/** The task has a place on its node's side of the network, or will have one. */
export function occupies(task: Task): boolean {
  return task.nodeId !== undefined && !isTerminal(task.status.state);
}

/** Nodes that run tasks of the network, with how many. */
export function tasksByNode(view: ClusterView, network: Network): Map<string, number> {
  const counts = new Map<string, number>();
  for (const service of view.servicesOfNetwork(network.spec.name)) {
    for (const { nodeId = '', ...task } of view.tasksOfService(service.id))
      if (occupies({ nodeId, ...task }) && nodeId !== '') counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
  }
  return counts;
}

/** Most tasks that a service wants at a time. */
export function wantedTasks(view: ClusterView, { mode, placement, autoscale }: ServiceSpec): number {
  if (mode.kind === 'replicated') return autoscale?.max ?? mode.replicas;
  if (mode.kind === 'replicated-job') return Math.min(mode.completions, mode.concurrency);
  return [...view.all('nodes')].filter((node) => fitsPlacement(placement, node)).length;
}
