import { type PublishedPort, type Service, type ServiceRevision, serviceRevisionId } from '@tessera/api';
import { isRunning, isWanted } from '../../../model/task.js';
import type { ClusterView } from '../../../model/view.js';
import type { ServiceDraft } from '../draft.js';

/**
 * Makes the spec from before the update the current one again, as a new revision: the one place where a controller
 * writes a spec, since the user asked for it with `failure_action: rollback`.
 * Returns false when no former revision is left.
 */
export function rollBack(draft: ServiceDraft, cause: 'failures' | 'deadline', message: string): boolean {
  const { now } = draft;
  const { updateControl, ...service } = draft.service;
  const former = formerRevision(draft.view, draft.service);
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
      cause,
    },
  };
  return true;
}

/** What an update would be rolled back to: the newest other template, before all others one that still runs. */
export function formerRevision(view: ClusterView, service: Service): ServiceRevision | undefined {
  const older = [...view.revisionsOfService(service.id)]
    .filter((revision) => revision.specRevision < service.specRevision && revision.templateHash !== service.templateHash)
    .sort((a, b) => b.specRevision - a.specRevision);
  const running = new Set<string>();
  for (const task of view.tasksOfService(service.id)) if (isWanted(task) && isRunning(task)) running.add(task.templateHash);
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
