import { ApiError, canonicalJson, type Network, type NetworkSpec } from '@tessera/api';
import type { ClusterView } from '../model/view.js';

/**
 * The network as the spec wants it; the one of before when nothing changed. Its subnet is allocated by the network controller.
 * @throws ApiError `in-use` when services are attached to what cannot be changed under them.
 */
export function changeNetwork(
  view: ClusterView,
  spec: NetworkSpec,
  before: Network | undefined,
  { now, newId }: { now: number; newId(): string },
): Network {
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
