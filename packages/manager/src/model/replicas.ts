import type { Service } from '@tessera/api';

/** Tasks that a replicated service is to have: what autoscaling says, within its bounds, else the spec. 0 for other modes. */
export function replicasOf({ spec, autoscale }: Service): number {
  if (spec.mode.kind !== 'replicated') return 0;
  if (!spec.autoscale) return spec.mode.replicas;
  return Math.min(spec.autoscale.max, Math.max(spec.autoscale.min, autoscale?.replicas ?? spec.mode.replicas));
}
