import { type PublishedPort, type Service, type ServiceRevision, serviceRevisionId } from '@tessera/api';
import { isRunning } from '../../model/task.js';
import type { ServiceDraft, Slot } from './draft.js';

/**
 * Makes the spec from before the update the current one again, as a new revision: the one place where a controller
 * writes a spec, since the user asked for it with `failure_action: rollback`.
 * Returns false when no former revision is left.
 */
export function rollBack(draft: ServiceDraft, slots: readonly Slot[], message: string): boolean {
  const { service, now } = draft;
  const former = formerRevision(draft, slots);
  if (!former) return false;
  const specRevision = service.specRevision + 1;
  const meta = { revision: 0, createdAt: now, updatedAt: now };
  const revision: ServiceRevision = {
    id: serviceRevisionId(service.id, specRevision),
    ...meta,
    serviceId: service.id,
    specRevision,
    templateHash: former.templateHash,
    spec: former.spec,
  };
  draft.add({ type: 'put', kind: 'revisions', object: revision, expect: 'absent' });
  draft.service = {
    ...service,
    spec: former.spec,
    specRevision,
    templateHash: former.templateHash,
    ports: former.spec.ports.map((port) => withAllocation(port, service)),
    update: {
      state: 'rollback-started',
      startedAt: now,
      message: `rolling back to revision ${former.specRevision}: ${message}`,
      specRevision,
    },
  };
  return true;
}

/** The newest other template, before all others one that still runs. */
function formerRevision({ view, service }: ServiceDraft, slots: readonly Slot[]): ServiceRevision | undefined {
  const older = [...view.revisionsOfService(service.id)]
    .filter((revision) => revision.specRevision < service.specRevision && revision.templateHash !== service.templateHash)
    .sort((a, b) => b.specRevision - a.specRevision);
  const running = new Set(slots.flatMap((slot) => slot.wanted.filter(isRunning)).map((task) => task.templateHash));
  return older.find((revision) => running.has(revision.templateHash)) ?? older[0];
}

/** Automatic ports stay what they were. */
function withAllocation(port: PublishedPort, service: Service): PublishedPort {
  if (port.published !== undefined) return port;
  const allocated = service.ports.find(
    ({ protocol, target, mode }) => protocol === port.protocol && target === port.target && mode === port.mode,
  );
  return { ...port, ...(allocated?.published !== undefined && { published: allocated.published }) };
}
