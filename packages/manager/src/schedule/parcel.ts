import type { Task } from '@tessera/api';
import { sourceOf, type TaskSource } from '../model/spec-of.js';
import type { ClusterView } from '../model/view.js';
import { type Claim, claimOf } from './claim.js';

/** What a group that fills nodes (`strategy: binpack`) is to the others that do. */
export interface Parcel {
  /** What each of its tasks takes. */
  claim: Claim;
  /** The same for groups that may go to the same nodes: they are packed together. */
  pool: string;
}

/** Nothing for tasks that are spread, and for those that reserve nothing. */
export function parcelOf(view: ClusterView, task: Task): Parcel | undefined {
  const source = sourceOf(view, task);
  return source && parcelOfSource(task.serviceId, source);
}

export function parcelOfSource(serviceId: string, source: TaskSource): Parcel | undefined {
  if (source.spec.placement.strategy !== 'binpack') return undefined;
  const claim = claimOf(serviceId, source);
  if (claim.nanoCpus === 0 && claim.memoryBytes === 0) return undefined;
  const { constraints, platforms, tolerations } = source.spec.placement;
  return { claim, pool: JSON.stringify([constraints, platforms, tolerations]) };
}
