import { abilitiesWanted, NETWORK_ABILITIES, type NetworkAbility } from '../../model/network-abilities.js';
import { type Filter, PASS } from './filter.js';

/** The node can do what a network of the task asks for, a filter for each such ability. */
export const abilityFilters: readonly Filter[] = NETWORK_ABILITIES.map(filterOf);

function filterOf(ability: NetworkAbility): Filter {
  const { name, title, needs, isThere } = ability;
  return {
    name,
    prepare({ spec }, table) {
      const networks = spec.template.networks.flatMap(({ network }) => table.networks.spec(network) ?? []);
      const asking = networks.filter((network) => abilitiesWanted(network).includes(ability));
      if (asking.length === 0) return undefined;
      return {
        refuse(index) {
          const refusing = asking.findIndex((network) => !isThere(table.node(index)!.description, network));
          return refusing < 0 ? PASS : refusing;
        },
        explain: (reason) => `${title} not available, which network ${asking[reason]!.name} needs (${needs})`,
      };
    },
  };
}
