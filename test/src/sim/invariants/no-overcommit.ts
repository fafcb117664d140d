import { LABELS } from '@tessera/agent/model/labels';
import { sourceOf } from '@tessera/manager/model/spec-of';
import { isToldToGo } from '@tessera/manager/model/task';
import { holdsClaim } from '@tessera/manager/schedule/claim';
import { NODE_MEMORY_BYTES, type SimNode } from '../world/sim-node.js';
import type { SimWorld } from '../world/world.js';
import { isExcused } from './given-up.js';
import type { Invariant } from './invariant.js';

/** 2. No node is given more than it has; no host port twice on a node; no address twice in a network. */
export const noOvercommit: Invariant = {
  name: 'no-overcommit',
  watch({ world }, violated) {
    /** Nodes to look at: something was given to them, or was left out as excused, which passes with time. */
    const dirty = new Set<string>();
    const holders = new Map<string, string>();
    return {
      onChange({ kind, object }) {
        if (kind === 'tasks' && object?.nodeId !== undefined) dirty.add(object.nodeId);
      },
      onContainer({ id: nodeId }, { id, state, addresses, labels }) {
        for (const [address, holder] of holders) if (holder.startsWith(id)) holders.delete(address);
        if (state !== 'running') return;
        for (const [network, address] of Object.entries(addresses)) {
          const key = `${address} of ${network}`;
          const words = `${id} of ${labels[LABELS.task]} on ${nodeId}`;
          if (holders.has(key)) violated(`address ${key} is given to ${holders.get(key)} and ${words}`);
          holders.set(key, words);
        }
      },
      onMoment() {
        for (const nodeId of dirty) {
          const node = world.node(nodeId);
          if (!node || !checkNode(world, node, violated)) dirty.delete(nodeId);
        }
      },
    };
  },
};

/** Returns whether something was left out. */
function checkNode(world: SimWorld, node: SimNode, violated: (what: string) => void): boolean {
  let memoryBytes = 0;
  let isIncomplete = false;
  const ports = new Map<string, string>();
  for (const task of world.view.tasksOfNode(node.id)) {
    const source = holdsClaim(task) ? sourceOf(world.view, task) : undefined;
    if (!source) continue;
    if (isToldToGo(task) && isExcused(world, node, task.id)) {
      isIncomplete = true;
      continue;
    }
    memoryBytes += source.spec.template.reservations.memoryBytes;
    for (const { mode, published, protocol } of source.ports) {
      if (mode !== 'host') continue;
      const port = `${published}/${protocol}`;
      const holder = ports.get(port);
      if (holder !== undefined) violated(`port ${port} of ${node.id} is given to ${holder} and ${task.id}`);
      ports.set(port, task.id);
    }
  }
  if (memoryBytes > NODE_MEMORY_BYTES) violated(`${node.id} has ${NODE_MEMORY_BYTES} bytes of memory, and ${memoryBytes} are reserved`);
  return isIncomplete;
}
