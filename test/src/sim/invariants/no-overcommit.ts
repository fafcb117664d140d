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
    return {
      onMoment() {
        for (const node of world.nodes) checkNode(world, node, violated);
        checkAddresses(world, violated);
      },
    };
  },
};

function checkNode(world: SimWorld, node: SimNode, violated: (what: string) => void): void {
  let memoryBytes = 0;
  const ports = new Map<string, string>();
  for (const task of world.view.tasksOfNode(node.id)) {
    const source = holdsClaim(task) ? sourceOf(world.view, task) : undefined;
    if (!source || (isToldToGo(task) && isExcused(world, node, task.id))) continue;
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
}

function checkAddresses(world: SimWorld, violated: (what: string) => void): void {
  const holders = new Map<string, string>();
  for (const node of world.nodes) {
    for (const { addresses, labels } of node.engine.running()) {
      for (const [network, address] of Object.entries(addresses)) {
        const key = `${address} of ${network}`;
        const task = `${labels[LABELS.task]} on ${node.id}`;
        const holder = holders.get(key);
        if (holder !== undefined) violated(`address ${key} is given to ${holder} and ${task}`);
        holders.set(key, task);
      }
    }
  }
}
