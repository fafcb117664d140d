import type { ComposeModel, ComposeService } from './model.js';
import { networkKeys } from './network-keys.js';

/** Names that other services' links give to a service on a network that both join. */
export type LinkNames = ReadonlyMap<string, ReadonlySet<string>>;

/** Key of `LinkNames`. */
export function linkKey(service: string, network: string): string {
  return `${service}/${network}`;
}

/** `links: [db:mysql]` makes `mysql` a name of `db` wherever the two can reach each other. */
export function linkNames(model: ComposeModel): LinkNames {
  const names = new Map<string, Set<string>>();
  for (const service of Object.values(model.services ?? {})) {
    for (const { target, alias } of linksOf(service)) {
      const reachable = Object.hasOwn(model.services ?? {}, target) ? networkKeys(model.services?.[target] ?? {}) : [];
      for (const network of networkKeys(service).filter((key) => reachable.includes(key))) {
        const key = linkKey(target, network);
        names.set(key, (names.get(key) ?? new Set()).add(alias));
      }
    }
  }
  return names;
}

/** What a service links to, and under which name. */
export function linksOf(service: ComposeService): { target: string; alias: string }[] {
  return (service.links ?? []).map((link) => {
    const [target = '', alias = target] = link.split(':');
    return { target, alias };
  });
}
