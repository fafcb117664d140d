import { ApiError, canonicalJson, MTU_OPTION, type Network, type NetworkSpec, optionProblems, overheadOf, wantedMtu } from '@tessera/api';
import { parseRange, rangesOverlap } from '@tessera/api/net/ipv4';
import type { ClusterView } from '../model/view.js';

/**
 * The network as the spec wants it; the one of before when nothing changed. Its subnet is allocated by the network controller.
 * @throws ApiError `in-use` when services are attached to what cannot be changed under them, or its subnet overlaps with one of another
 * stack's; `invalid-spec` when the subnet is none.
 */
export function changeNetwork(
  view: ClusterView,
  spec: NetworkSpec,
  before: Network | undefined,
  { now, newId }: { now: number; newId(): string },
): Network {
  if (before?.spec.subnet !== spec.subnet) checkSubnet(view, spec);
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
  const problems = optionProblems(spec.driverOptions).map(({ option, problem }) => `network '${spec.name}': option ${option}: ${problem}`);
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

/** Networks of the same stack are left out: this very deploy may take them away. */
function checkSubnet(view: ClusterView, { name, stack, subnet }: NetworkSpec): void {
  if (subnet === undefined) return;
  const range = parseRange(subnet);
  if (range === undefined)
    throw new ApiError('invalid-spec', `network '${name}': '${subnet}' is no IPv4 subnet`, { cure: 'write it as 10.1.2.0/24' });
  for (const other of view.all('networks')) {
    const taken = parseRange(other.allocation?.subnet ?? other.spec.subnet ?? '');
    const isOwn = other.spec.name === name || (stack !== undefined && other.spec.stack === stack);
    if (isOwn || taken === undefined || !rangesOverlap(range, taken)) continue;
    throw new ApiError('in-use', `the subnet ${subnet} of network '${name}' overlaps with that of network '${other.spec.name}'`, {
      cure: 'choose another subnet, or give none to have one chosen',
    });
  }
}
