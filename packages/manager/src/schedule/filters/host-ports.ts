import type { Node } from '@tessera/api';
import { type Filter, PASS } from './filter.js';

/** Ports published on the node itself are free there. */
export const hostPortFilter: Filter = {
  name: 'host-ports',
  prepare({ claim }, table) {
    const ports = claim.hostPorts;
    if (ports.length === 0) return undefined;
    return {
      helpedByRoom: true,
      refuse(index) {
        const taken = ports.findIndex((port) => !table.isPortFree(index, port) || isBusy(table.node(index)!, port.key));
        return taken < 0 ? PASS : taken;
      },
      explain: (reason) => `host port ${ports[reason]!.key} in use`,
    };
  },
};

/** Something that is not Tessera's listens on it. */
function isBusy(node: Node, key: string): boolean {
  return node.description?.busyPorts?.some(({ protocol, port }) => `${protocol}/${port}` === key) ?? false;
}
