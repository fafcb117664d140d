import { NETWORK_ABILITIES, type NetworkAbility } from '../../model/network-abilities.js';
import { type Filter, PASS } from './filter.js';

/** The node can do what a network of the task asks for, a filter for each such ability. */
export const abilityFilters: readonly Filter[] = NETWORK_ABILITIES.map(filterOf);

function filterOf(ability: NetworkAbility): Filter {
  return {
    name: ability.name,
    prepare({ spec }, table) {
      const asking = spec.template.networks.find(({ network }) => table.networks.asksFor(network, ability));
      if (!asking) return undefined;
      return {
        refuse: (index) => (ability.isThere(table.node(index)!.description) ? PASS : 0),
        explain: () => `${ability.title} not available, which network ${asking.network} needs (${ability.needs})`,
      };
    },
  };
}
