import type { Autoscale, AutoscaleStatus, Service } from '@tessera/api';
import { replicasOf } from '../../model/replicas.js';
import type { ClusterView } from '../../model/view.js';
import type { Plan } from '../plan.js';
import { isUnderWay } from '../service/update/status.js';
import { type Load, type Loads, loadsOf } from './load.js';

/** A load so near to its target is as good as on it: without this, small waves would make tasks come and go. */
const TOLERANCE = 0.1;
/** At most so many times the tasks that there are, or so many more, in one step. */
const MOST_GROWTH = { factor: 2, tasks: 4 };
const CHANGES_KEPT = 10;
const MS_PER_SECOND = 1_000;

/** What autoscaling makes of the load now. */
export interface Decision {
  replicas: number;
  /** Why, in words, also when nothing is changed. */
  words: string;
  /** Fewer would do, whether they are taken away now or not. */
  isLow: boolean;
  /** Look again then: a cooldown is over. */
  wakeAt?: number;
}

/**
 * Changes how many tasks a service has by what they use. Planning on the plan's own result gives nothing.
 * Sources of the rules: Kubernetes' horizontal autoscaler, for the ratio, the tolerance and what is unknown.
 */
export function planAutoscale(view: ClusterView, serviceId: string, now: number): Plan {
  const service = view.get('services', serviceId);
  if (!service?.spec.autoscale || service.spec.mode.kind !== 'replicated') return { changes: [] };
  const decision = decide(view, service, service.spec.autoscale, now);
  const autoscale = nextStatus(service, decision, now);
  const again = decision.wakeAt === undefined ? {} : { againInMs: Math.max(0, decision.wakeAt - now) };
  if (autoscale === service.autoscale) return { changes: [], ...again };
  return {
    changes: [{ type: 'put', kind: 'services', object: { ...service, autoscale }, expect: { revision: service.revision } }],
    ...again,
  };
}

/** What autoscaling makes of the load now, for the planner and for those who ask why. */
export function decide(view: ClusterView, service: Service, rules: Autoscale, now: number): Decision {
  const replicas = replicasOf(service);
  const loads = loadsOf(view, service, now);
  const stay = (words: string, more: Partial<Decision> = {}): Decision => ({ replicas, words, isLow: false, ...more });
  const worst = [...loads.loads].sort((a, b) => b.needed - a.needed)[0];
  if (!worst) return stay('nothing was measured lately');
  const said = describe(worst, loads);
  const changedAt = service.autoscale?.changedAt;
  if (isUnderWay(service.update)) return stay(`${said}; an update is under way`);
  if (worst.percent > worst.targetPercent * (1 + TOLERANCE) && worst.needed > replicas) {
    const most = Math.min(rules.max, Math.max(replicas * MOST_GROWTH.factor, replicas + MOST_GROWTH.tasks));
    if (replicas >= rules.max) return stay(`${said}; the most there may be are ${rules.max}`);
    const from = changedAt === undefined ? now : changedAt + rules.cooldown.upMs;
    if (from > now) return stay(`${said}; waits out the cooldown of the last change`, { wakeAt: from });
    return { replicas: Math.min(worst.needed, most), words: said, isLow: false };
  }
  const tooMany = worst.percent < worst.targetPercent * (1 - TOLERANCE) && Math.max(rules.min, worst.needed) < replicas;
  if (!tooMany) return stay(said);
  if (loads.unknown > 0) return stay(`${said}; ${loads.unknown} not measured yet`);
  const from = Math.max(changedAt ?? 0, service.autoscale?.lowSince ?? now) + rules.cooldown.downMs;
  if (from > now) return stay(`${said}; fewer would do, waits out the cooldown`, { isLow: true, wakeAt: from });
  return { replicas: Math.max(rules.min, worst.needed), words: said, isLow: false };
}

function nextStatus(service: Service, { replicas, words, isLow }: Decision, now: number): AutoscaleStatus | undefined {
  const { autoscale } = service;
  const current = replicasOf(service);
  if (replicas !== current) {
    const change = { at: now, words: `${current} -> ${replicas}: ${words}`.slice(0, 256) };
    return { replicas, changedAt: now, changes: [change, ...(autoscale?.changes ?? [])].slice(0, CHANGES_KEPT) };
  }
  if (isLow === (autoscale?.lowSince !== undefined)) return autoscale;
  const { lowSince: _, ...rest } = autoscale ?? { replicas, changedAt: 0, changes: [] };
  return isLow ? { ...rest, lowSince: now } : rest;
}

/** `cpu 84% of 60% target over 30 s`. */
function describe({ metric, percent, targetPercent }: Load, { overMs }: Loads): string {
  return `${metric} ${Math.round(percent)}% of ${targetPercent}% target over ${Math.round(overMs / MS_PER_SECOND)} s`;
}
