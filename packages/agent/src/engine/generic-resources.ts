import type { OfferedResource } from '@tessera/api';

/** An entry of `GenericResources` of the engine's /info: one of a set by its name, or a number of them. */
export interface EngineResource {
  NamedResourceSpec?: { Kind: string; Value: string };
  DiscreteResourceSpec?: { Kind: string; Value: number };
}

/** The engine's `node-generic-resources` by kind. A kind that has names is a set. */
export function offeredResources(entries: readonly EngineResource[]): OfferedResource[] {
  const byKind = new Map<string, OfferedResource>();
  for (const { NamedResourceSpec: named, DiscreteResourceSpec: discrete } of entries) {
    if (named) {
      const ids = [...(byKind.get(named.Kind)?.ids ?? []), named.Value];
      byKind.set(named.Kind, { kind: named.Kind, count: ids.length, ids });
    } else if (discrete && byKind.get(discrete.Kind)?.ids === undefined) {
      byKind.set(discrete.Kind, { kind: discrete.Kind, count: discrete.Value });
    }
  }
  return [...byKind.values()];
}
