import type { Release } from '@tessera/api';
import type { ClusterView } from '@tessera/manager/model/view';
import { formerRelease } from '@tessera/manager/plan/release';
import type { Invariant } from './invariant.js';

/** When an atomic release fails, the whole stack goes back to the release before it, at once, and does go back. */
export const atomicReleases: Invariant = {
  name: 'atomic-releases',
  watch({ world }, violated) {
    const takenBack = new Set<string>();
    const dirty: Release[] = [];
    return {
      onChange({ kind, id, object }) {
        if (kind !== 'releases' || object?.outcome.state !== 'rolled-back' || takenBack.has(id)) return;
        takenBack.add(id);
        dirty.push(object);
      },
      onMoment() {
        for (const failed of dirty.splice(0)) {
          const problem = problemOf(world.view, failed);
          if (problem) violated(`release ${failed.number} of ${failed.stack} was taken back, and ${problem}`);
        }
      },
      unrest() {
        for (const stack of world.view.all('stacks')) {
          const current = [...world.view.releasesOfStack(stack.id)].find(({ number }) => number === stack.release);
          if (current?.atomic && current.outcome.state === 'failed' && formerRelease(world.view, stack))
            return `release ${current.number} of ${stack.name} failed and was not taken back`;
        }
        return undefined;
      },
    };
  },
};

function problemOf(view: ClusterView, { stackId, stack: name }: Release): string | undefined {
  const stack = view.get('stacks', stackId);
  if (!stack) return undefined;
  const current = [...view.releasesOfStack(stackId)].find(({ number }) => number === stack.release);
  if (current?.restores === undefined) return `release ${stack.release} is current, which restores none`;
  const services = new Map([...view.servicesOfStack(name)].map((service) => [service.id, service]));
  for (const { serviceId, specRevision, name: serviceName } of current.services) {
    const service = services.get(serviceId);
    if (service?.specRevision !== specRevision) return `${serviceName} is at spec ${service?.specRevision}, not ${specRevision}`;
    services.delete(serviceId);
  }
  const [left] = services.values();
  return left && `${left.spec.name}, which the release has not, is left`;
}
