import type { Service } from '@tessera/api';
import { replicasOf } from '@tessera/manager/model/replicas';
import type { Invariant } from './invariant.js';

/** An autoscaled service stays between its bounds, and waits out the cooldown between two changes. */
export const autoscaleBounds: Invariant = {
  name: 'autoscale-bounds',
  watch(_, violated) {
    const last = new Map<string, Service>();
    return {
      onChange({ kind, id, object }) {
        if (kind !== 'services') return;
        const problem = object && problemOf(object, last.get(id));
        if (problem) violated(`${object.spec.name} ${problem}`);
        if (object) last.set(id, object);
        else last.delete(id);
      },
    };
  },
};

function problemOf(service: Service, before: Service | undefined): string | undefined {
  const { autoscale: rules } = service.spec;
  if (!rules) return undefined;
  const { replicas: decided = rules.min } = service.autoscale ?? {};
  if (decided < rules.min || decided > rules.max) return `is to have ${decided} tasks, and may have ${rules.min} to ${rules.max}`;
  const replicas = replicasOf(service);
  const [at, lastAt] = [service.autoscale?.changedAt, before?.autoscale?.changedAt];
  if (!before || at === undefined || lastAt === undefined || at === lastAt) return undefined;
  const former = replicasOf(before);
  const cooldownMs = replicas > former ? rules.cooldown.upMs : rules.cooldown.downMs;
  if (at - lastAt >= cooldownMs) return undefined;
  return `was scaled ${former} -> ${replicas} after ${at - lastAt} ms, its cooldown is ${cooldownMs} ms`;
}
