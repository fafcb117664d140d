import { ApiError, type BodyOf, type Routes, type Service } from '@tessera/api';
import { newId } from '@tessera/kit';
import { isWanted } from '../model/task.js';
import type { ClusterView } from '../model/view.js';
import { controlled } from '../plan/service/update/control.js';
import { formerRevision } from '../plan/service/update/rollback.js';
import { concernsCurrent, isRollback, isUnderWay } from '../plan/service/update/status.js';
import { commitPlan, type Unit } from './commit.js';
import type { UseCaseContext } from './context.js';
import { resolve } from './references.js';
import { changeService } from './service-change.js';

export type UpdateAction = BodyOf<Routes['controlUpdate']>['action'];

/**
 * Tells the update of a service what to do. The controllers obey; `abort` makes the spec from before the update current again.
 * @param by who asks, as the certificate says
 * @throws ApiError `not-found`, `ambiguous`, or `conflict` when there is no update that can do so.
 */
export async function controlUpdate(context: UseCaseContext, ref: string, action: UpdateAction, by: string): Promise<Service> {
  const { result } = await commitPlan(context, (view) => {
    const service = resolve(view, 'services', ref);
    refuseNonsense(view, service, action);
    if (action === 'abort') return abort(context, view, service, by);
    const updated = { ...service, updateControl: controlled(service.updateControl, action, by) };
    return { units: [[{ type: 'put', kind: 'services', object: updated, expect: { revision: service.revision } }]], result: updated };
  });
  return context.store.view.get('services', result.id) ?? result;
}

function abort({ clock, random }: UseCaseContext, view: ClusterView, service: Service, by: string): { units: Unit[]; result: Service } {
  const former = formerRevision(view, service);
  if (!former) throw new ApiError('conflict', `no former spec of service '${service.spec.name}' is left to go back to`);
  const rollback = `to revision ${former.specRevision}: aborted by ${by}`;
  const change = changeService(former.spec, service.ports, service, { now: clock.now(), newId: () => newId(random) }, { rollback, by });
  return { units: [change.unit], result: change.service };
}

/** @throws ApiError `conflict` when the action says nothing to this update. */
function refuseNonsense(view: ClusterView, service: Service, action: UpdateAction): void {
  const { update, spec } = service;
  const current = concernsCurrent(view, service);
  const pending = !current && isOutdated(view, service);
  const paused = current && (update?.state === 'paused' || update?.state === 'rollback-paused');
  const underWay = pending || (current && isUnderWay(update));
  const refuse = (why: string): never => {
    throw new ApiError('conflict', `service '${spec.name}': ${why}`, { cure: 'see the updates under way: tsctl update ls' });
  };
  if (!underWay && !paused) refuse('no update is under way');
  if (action === 'resume' && !paused && !service.updateControl?.paused) refuse('its update is not paused');
  if (action === 'promote' && (spec.canary === undefined || isRollback(update) || service.updateControl?.promoted))
    refuse('no canary waits to be promoted');
  if (action === 'abort' && isRollback(update)) refuse('it is being rolled back already');
}

/** The controllers are about to begin an update. */
function isOutdated(view: ClusterView, service: Service): boolean {
  for (const task of view.tasksOfService(service.id)) if (isWanted(task) && task.templateHash !== service.templateHash) return true;
  return false;
}
