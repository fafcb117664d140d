import { type Filter, PASS } from './filter.js';

/** The node can encrypt, where a network of the task asks for it. */
export const encryptionFilter: Filter = {
  name: 'encryption',
  prepare({ spec }, table) {
    const encrypted = spec.template.networks.find(({ network }) => table.networks.space(network)?.encrypted);
    if (!encrypted) return undefined;
    return {
      refuse: (index) => (table.node(index)!.description?.encryption ? PASS : 0),
      explain: () => `encryption not available, which network ${encrypted.network} needs (kernel WireGuard, or wireguard-go, and wg)`,
    };
  },
};
