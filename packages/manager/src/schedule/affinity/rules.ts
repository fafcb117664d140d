import { type AffinityTerm, DEFAULT_TOPOLOGY, type Placement, type Service, type ServiceSpec } from '@tessera/api';
import { type Constraint, ConstraintError, parseConstraint } from '@tessera/api/placement/constraint';
import type { ClusterView } from '../../model/view.js';

/** Tasks of some services, and the places that are, or are not, to hold one. */
export interface AffinityRule {
  kind: 'near' | 'apart';
  /** Attribute of nodes: those with the same value are one place. */
  topology: string;
  /** Ids of the services whose tasks count. */
  services: ReadonlySet<string>;
  /** Said of a node that is refused: `without a task of shop_cache`. */
  text: string;
}

/** What concerns the tasks of one service, from its own spec and from those of others. */
export interface Affinities {
  /** Each must hold. */
  required: readonly AffinityRule[];
  wished: ReadonlyArray<{ rule: AffinityRule; weight: number }>;
  nodes: ReadonlyArray<{ constraint: Constraint; weight: number }>;
}

const NONE: Affinities = { required: [], wished: [], nodes: [] };

/**
 * The rules for tasks of a service. A service that must be apart from others also keeps them away: its rules count for them.
 * @param spec the one that holds for the tasks, which may be an older one
 */
export function affinitiesOf(view: ClusterView, serviceId: string, spec: ServiceSpec): Affinities {
  const { affinity } = spec.placement;
  const foreign = keptAwayBy(view, serviceId, spec);
  if (!affinity) return foreign.length === 0 ? NONE : { ...NONE, required: foreign };
  const terms = (['near', 'apart'] as const).flatMap((kind) => affinity[kind].map((term) => ({ term, rule: ownRule(view, kind, term) })));
  return {
    required: [...terms.filter(({ term }) => term.weight === undefined).map(({ rule }) => rule), ...foreign],
    wished: terms.flatMap(({ term: { weight }, rule }) => (weight === undefined ? [] : [{ rule, weight }])),
    nodes: wishedNodes(affinity.nodes),
  };
}

export function hasAffinities({ required, wished }: Affinities): boolean {
  return required.length > 0 || wished.length > 0;
}

/** What of a service other services' rules look at: when it changes, they are to be made anew. */
export function affinityFacts({ spec }: Service): string {
  return JSON.stringify([spec.name, spec.labels, spec.placement.affinity]);
}

function ownRule(view: ClusterView, kind: AffinityRule['kind'], term: AffinityTerm): AffinityRule {
  const what = describe(term);
  const text = kind === 'near' ? `without a task of ${what}` : `with a task of ${what}`;
  return { kind, topology: term.topology, services: servicesOf(view, term), text: inPlace(term.topology, text) };
}

/** Rules of other services that keep tasks of this one away from theirs. */
function keptAwayBy(view: ClusterView, serviceId: string, spec: ServiceSpec): AffinityRule[] {
  const rules: AffinityRule[] = [];
  for (const other of view.servicesKeepingApart()) {
    if (other.id === serviceId) continue;
    for (const term of other.spec.placement.affinity?.apart ?? []) {
      if (term.weight !== undefined || !matches(term, spec)) continue;
      const text = inPlace(term.topology, `with a task of ${other.spec.name}, which keeps apart`);
      rules.push({ kind: 'apart', topology: term.topology, services: new Set([other.id]), text });
    }
  }
  return rules;
}

function servicesOf(view: ClusterView, term: AffinityTerm): Set<string> {
  if (term.service !== undefined) {
    const service = view.byName('services', term.service);
    return new Set(service && matches(term, service.spec) ? [service.id] : []);
  }
  return new Set([...view.all('services')].filter(({ spec }) => matches(term, spec)).map(({ id }) => id));
}

function matches({ service, labels = {} }: AffinityTerm, spec: ServiceSpec): boolean {
  return (service === undefined || service === spec.name) && Object.entries(labels).every(([key, value]) => spec.labels[key] === value);
}

function wishedNodes(nodes: NonNullable<Placement['affinity']>['nodes']): Affinities['nodes'] {
  return nodes.flatMap(({ constraint, weight }) => {
    try {
      return [{ constraint: parseConstraint(constraint), weight }];
    } catch (error) {
      // Validation keeps such out; a wish that nobody can read is none.
      if (error instanceof ConstraintError) return [];
      throw error;
    }
  });
}

function describe({ service, labels = {} }: AffinityTerm): string {
  const pairs = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const labelled = pairs.length === 0 ? '' : `services with ${pairs.join(' and ')}`;
  return service === undefined ? labelled : pairs.length === 0 ? service : `${service} with ${pairs.join(' and ')}`;
}

function inPlace(topology: string, text: string): string {
  return topology === DEFAULT_TOPOLOGY ? text : `in a ${topology} ${text}`;
}
