import { attributeKey, parseConstraint } from '../../../placement/constraint.js';
import { type Affinity, type AffinityTerm, DEFAULT_TOPOLOGY } from '../../../spec/index.js';
import type { Path } from '../../diagnostic.js';
import { didYouMean } from '../../suggest.js';
import { checked } from '../constraint.js';
import { type ConvertContext, compact, filled } from '../context.js';
import type { ComposeAffinityTerm, ComposeService } from '../model.js';

/** `x-affinity`: near to and apart from tasks of services, and nodes that are wished for. */
export function convertAffinity(service: ComposeService, path: Path, context: ConvertContext): Affinity | undefined {
  const written = service['x-affinity'];
  if (!written) return undefined;
  const place = [...path, 'x-affinity'];
  const terms = (key: 'near' | 'apart'): AffinityTerm[] =>
    (written[key] ?? []).map((term, index) => convertTerm(term, [...place, key, index], context));
  return {
    near: terms('near'),
    apart: terms('apart'),
    nodes: (written.nodes ?? []).map(({ constraint, weight }, index) => ({
      constraint: checked(context, [...place, 'nodes', index, 'constraint'], () => parseConstraint(constraint).text) ?? constraint,
      weight,
    })),
  };
}

function convertTerm(term: ComposeAffinityTerm, path: Path, context: ConvertContext): AffinityTerm {
  if (term.service === undefined && Object.keys(term.labels ?? {}).length === 0)
    context.error(path, 'names no tasks', "name a service with 'service:', or its labels with 'labels:'");
  const { topology = DEFAULT_TOPOLOGY } = term;
  return compact({
    service: term.service === undefined ? undefined : fullName(term.service, path, context),
    labels: term.labels && filled(term.labels),
    topology: checked(context, [...path, 'topology'], () => attributeKey(topology)) ?? topology,
    weight: term.weight,
  });
}

/** A service of the file by its key; anything else is taken for the full name of a service elsewhere, which is said. */
function fullName(name: string, path: Path, context: ConvertContext): string {
  const services = context.model.services ?? {};
  if (Object.hasOwn(services, name)) return context.fullName(name, undefined);
  const guess = didYouMean(name, Object.keys(services));
  context.warn(
    path,
    `the service '${name}' is not defined in the file${guess}: it is taken for the full name of a service elsewhere`,
    'name a service of the file by its key, another one as stack_service',
    'undefined-reference',
  );
  return name;
}
