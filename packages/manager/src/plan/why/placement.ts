import type { Finding, PlacementExplanation, Task } from '@tessera/api';
import type { Asking } from './asking.js';
import { finding, taskName } from './finding.js';

const MOST_NODES = 5;

/** What helps when a rule of the scheduler turns nodes away. */
const CURES: Readonly<Record<string, string>> = {
  ready: 'see why nodes take no tasks: tsctl why NODE; add a node, or activate one: tsctl node activate NODE',
  taints: 'let the service put up with the taint: x-tolerations; or take it off: tsctl node update --taint-rm',
  constraints: 'label a node: tsctl node update --label-add KEY=VALUE NODE; or change deploy.placement.constraints',
  platform: 'add a node of this platform, or take an image for the platforms that there are',
  resources: 'free some, add a node, or reserve less: deploy.resources.reservations',
  'host-ports': 'publish another port, have fewer replicas, or use mode: ingress',
  'max-replicas': 'raise deploy.placement.max_replicas_per_node, or add a node',
  encryption:
    'install wireguard-tools, and wireguard-go where the kernel has no WireGuard, and start the agent again; or take encrypted out',
  ipv6: 'install ndppd and let the kernel have IPv6, and start the agent again; or take enable_ipv6 out',
  mtu: 'widen the MTU of the way between the nodes, or take enable_ipv6 out',
  addresses: 'the network is full: make one with a larger subnet; see tsctl network ls',
  volumes: 'bring the node with the volume back, or mount another one',
  kept: 'room is being made there for a service of higher priority: raise x-priority, or add a node',
  affinity: 'loosen x-affinity, or add a node where it can be met',
};

/** Why a task that waits for a node has none: by rule, with the nodes that each turns away. */
export function explainPending(asking: Asking, task: Task): Finding {
  const explanation = asking.placement(task);
  const name = taskName(task);
  if (!explanation) return finding('unplaceable', 'problem', name, { text: task.status.message });
  const bound = explainBound(asking, task, explanation);
  if (bound) return bound;
  if (explanation.fitting.length > 0)
    return finding('placing', 'waiting', name, {
      text: `waits for its turn: ${count(explanation.fitting.length, 'node')} would take it now`,
      details: task.status.message === '' ? [] : [`the scheduler last said: ${task.status.message}`],
    });
  return finding('unplaceable', 'problem', name, {
    text: `no node takes it: ${explanation.message}`,
    details: [...explanation.refusals.map((refusal) => describe(asking, refusal)), ...roomMade(task)],
    cure: cureOf(explanation),
  });
}

/** It may go to one node only, such as a task of a global service, and that one does not take it. */
function explainBound({ view }: Asking, task: Task, { bound, fitting, refusals }: PlacementExplanation): Finding | undefined {
  if (!bound || fitting.includes(bound.nodeId)) return undefined;
  const refusal = refusals.find(({ nodeIds }) => nodeIds.includes(bound.nodeId));
  const name = view.get('nodes', bound.nodeId)?.name ?? bound.nodeId;
  return finding('unplaceable', 'problem', taskName(task), {
    text: `may go to ${name} only, which does not take it: ${refusal?.reason ?? 'it is gone'}`,
    details: [bound.reason, ...roomMade(task)],
    cure: refusal && CURES[refusal.filter],
  });
}

/** It had a place, and lost it to a service of higher priority. */
export function roomMade({ madeRoomFor }: Task): string[] {
  return madeRoomFor ? [`it made room for ${madeRoomFor.service}, whose priority is ${madeRoomFor.priority}`] : [];
}

function describe({ view }: Asking, { nodeIds, reason }: PlacementExplanation['refusals'][number]): string {
  const names = nodeIds.slice(0, MOST_NODES).map((id) => view.get('nodes', id)?.name ?? id);
  const more = nodeIds.length > names.length ? ` and ${nodeIds.length - names.length} more` : '';
  return `${names.join(', ')}${more}: ${reason}`;
}

function cureOf({ nodes, refusals }: PlacementExplanation): string | undefined {
  if (nodes === 0) return 'join a node: tessera-agent join, with a token of tsctl cluster token rotate worker';
  const [first] = refusals;
  return first && CURES[first.filter];
}

export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
