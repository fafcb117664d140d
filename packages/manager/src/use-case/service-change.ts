import {
  canonicalJson,
  type PublishedPort,
  type Service,
  type ServiceRevision,
  type ServiceSpec,
  serviceRevisionId,
  templateHash,
} from '@tessera/api';
import type { Unit } from './commit.js';

export interface ServiceChange {
  service: Service;
  outcome: 'created' | 'updated' | 'unchanged';
  /** Tasks that run are replaced. */
  restarts: boolean;
  /** Empty when nothing changed. */
  unit: Unit;
}

/** The spec was current before: its tasks come back under the settings for rollbacks. */
export interface GoingBack {
  /** What to say of it, such as `to revision 3: aborted by admin`. */
  rollback: string;
  by: string;
}

/**
 * What it takes that a service has this spec: its object and, as each spec is kept, an immutable revision of it.
 * @param back given when the user goes back to a former spec
 */
export function changeService(
  spec: ServiceSpec,
  ports: PublishedPort[],
  before: Service | undefined,
  making: { now: number; newId(): string },
  back?: GoingBack,
): ServiceChange {
  if (before && canonicalJson([before.spec, before.ports]) === canonicalJson([spec, ports])) return unchanged(before);
  const service = nextService(spec, ports, before, making, back);
  const { id, specRevision, templateHash: hash, createdAt, updatedAt } = service;
  const revision: ServiceRevision = {
    id: serviceRevisionId(id, specRevision),
    revision: 0,
    createdAt: updatedAt,
    updatedAt,
    serviceId: id,
    specRevision,
    templateHash: hash,
    spec,
  };
  return {
    service,
    outcome: before ? 'updated' : 'created',
    restarts: before !== undefined && before.templateHash !== hash,
    unit: [
      { type: 'put', kind: 'services', object: { ...service, createdAt }, expect: before ? { revision: before.revision } : 'absent' },
      { type: 'put', kind: 'revisions', object: revision, expect: 'absent' },
    ],
  };
}

/**
 * Who asks again for the spec that a rollback led back to wants just that: the failed update before it is over and done,
 * and a wait for this deploy must not be told of it.
 */
function unchanged(before: Service): ServiceChange {
  const { update, updateControl, ...service } = before;
  const unit: Unit =
    update?.state === 'rollback-completed'
      ? [{ type: 'put', kind: 'services', object: service, expect: { revision: before.revision } }]
      : [];
  return { service: before, outcome: 'unchanged', restarts: false, unit };
}

function nextService(
  spec: ServiceSpec,
  ports: PublishedPort[],
  before: Service | undefined,
  { now, newId }: { now: number; newId(): string },
  back: GoingBack | undefined,
): Service {
  const hash = templateHash(spec.template, ports);
  const sameTemplate = before !== undefined && before.templateHash === hash;
  return {
    id: before?.id ?? newId(),
    revision: before?.revision ?? 0,
    createdAt: before?.createdAt ?? now,
    updatedAt: now,
    spec,
    specRevision: (before?.specRevision ?? 0) + 1,
    templateHash: hash,
    ports,
    // The progress of an update is that of its template: a new template starts anew, also after a pause.
    ...(sameTemplate && before.update && { update: before.update }),
    ...(sameTemplate && before.updateControl && { updateControl: before.updateControl }),
    ...(!sameTemplate && back && { updateControl: { paused: false, resumes: 0, promoted: true, ...back } }),
    // How many tasks there are is not for a deploy to say.
    ...(spec.autoscale && before?.autoscale && { autoscale: before.autoscale }),
    ...(before?.job && { job: before.job }),
    ...(before?.jobControl && { jobControl: before.jobControl }),
  };
}
