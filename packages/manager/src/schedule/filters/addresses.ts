import { type Check, type Filter, PASS } from './filter.js';

/** The node has an address left on each network of the task, or can still get a block of it. */
export const addressFilter: Filter = {
  name: 'addresses',
  prepare({ spec }, table) {
    const { networks } = table;
    const wanted = spec.template.networks.flatMap(({ network }) => {
      const space = networks.space(network);
      return space ? [{ network, ...space }] : [];
    });
    if (wanted.length === 0) return undefined;
    const check: Check = {
      helpedByRoom: true,
      refuse(index) {
        for (const [at, { network, blocks, perBlock }] of wanted.entries()) {
          const tasks = networks.tasksOn(network, index);
          if (tasks >= perBlock || (tasks === 0 && networks.nodesOf(network) >= blocks)) return at * 2 + (tasks === 0 ? 1 : 0);
        }
        return PASS;
      },
      explain(reason) {
        const { network, subnet, blocks, perBlock } = wanted[reason >> 1]!;
        if (reason % 2 === 0) return `no address left on network ${network} (${perBlock} a node out of ${subnet})`;
        return `no addresses left for another node on network ${network} (${subnet} serves ${blocks} ${blocks === 1 ? 'node' : 'nodes'})`;
      },
    };
    // Only where not every node can have a block does a task on one node concern another.
    if (wanted.every(({ blocks }) => blocks >= table.size)) return check;
    const names = new Set(wanted.map(({ network }) => network));
    return { ...check, placed() {}, helpedByTask: (claim) => claim.networks.some((network) => names.has(network)) };
  },
};
