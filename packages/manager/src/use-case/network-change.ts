import { ApiError, canonicalJson, MTU_OPTION, type Network, type NetworkSpec, optionProblems, overheadOf, wantedMtu } from '@tessera/api';
import type { ClusterView } from '../model/view.js';
import { checkSubnets } from './network-subnets.js';

/**
 * The network as the spec wants it; the one of before when nothing changed. Its subnets are allocated by the network controller.
 * @throws ApiError `in-use` when services are attached to what cannot be changed under them, or a subnet overlaps with one of another
 * stack's; `invalid-spec` when a subnet is none.
 */
export function changeNetwork(
  view: ClusterView,
  spec: NetworkSpec,
  before: Network | undefined,
  { now, newId }: { now: number; newId(): string },
): Network {
  checkSubnets(view, spec, before?.spec);
  checkOptions(view, spec, before);
  if (!before) return { id: newId(), revision: 0, createdAt: now, updatedAt: now, spec };
  if (canonicalJson(before.spec) === canonicalJson(spec)) return before;
  const isSameWire = canonicalJson({ ...before.spec, labels: {} }) === canonicalJson({ ...spec, labels: {} });
  const users = [...view.servicesOfNetwork(spec.name)].map((service) => service.spec.name);
  if (!isSameWire && users.length > 0) {
    throw new ApiError('in-use', `network '${spec.name}' cannot be changed while services are attached to it`, {
      cure: 'give the changed network another name, or remove the services first',
      details: users,
    });
  }
  const { allocation: _, ...rest } = before;
  return { ...(isSameWire ? before : rest), spec, updatedAt: now };
}

/** An MTU that a member's underlay cannot carry would lose every full packet between nodes. */
function checkOptions(view: ClusterView, spec: NetworkSpec, before: Network | undefined): void {
  const problems = optionProblems(spec.driverOptions, spec.ipv6).map(
    ({ option, problem }) => `network '${spec.name}': option ${option}: ${problem}`,
  );
  if (problems.length > 0) throw new ApiError('invalid-spec', problems.join('; '));
  const wanted = wantedMtu(spec.driverOptions);
  if (wanted === undefined || wanted === wantedMtu(before?.spec.driverOptions ?? {})) return;
  for (const { name, description } of view.all('nodes')) {
    const room = (description?.underlayMtu ?? Number.POSITIVE_INFINITY) - overheadOf(spec.driverOptions);
    if (wanted <= room) continue;
    throw new ApiError(
      'invalid-spec',
      `network '${spec.name}' asks for an MTU of ${wanted}, but node '${name}' carries packets of ${description?.underlayMtu}, which leaves ${room}`,
      { cure: `ask for ${room} at most, or leave ${MTU_OPTION} out: the MTU is found then` },
    );
  }
}
