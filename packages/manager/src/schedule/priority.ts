import type { Task } from '@tessera/api';
import type { ClusterView } from '../model/view.js';

/** That of its service now, whatever it was when the task was made. */
export function priorityOf(view: ClusterView, { serviceId }: Pick<Task, 'serviceId'>): number {
  return view.get('services', serviceId)?.spec.placement.priority ?? 0;
}
