import { OverlayView } from '@tessera/manager/model/overlay';
import type { ClusterView } from '@tessera/manager/model/view';
import { planNetwork } from '@tessera/manager/plan/network';
import { planNode } from '@tessera/manager/plan/node';
import type { Plan } from '@tessera/manager/plan/plan';
import { CLUSTER } from '../world/sim-manager.js';
import type { Invariant } from './invariant.js';

/** 6. A controller's plan on its own result is empty. */
export const plansComeToRest: Invariant = {
  name: 'plans-come-to-rest',
  watch({ world }, violated) {
    const check = (what: string, plan: (view: ClusterView) => Pick<Plan, 'changes'>): void => {
      const { changes } = plan(world.view);
      // Without a change the result is the view itself.
      if (changes.length === 0) return;
      const result = new OverlayView(world.view);
      for (const change of changes) result.apply(change);
      const again = plan(result).changes;
      if (again.length > 0) violated(`the plan of ${what} on its own result is not empty: ${JSON.stringify(again).slice(0, 300)}`);
    };
    return {
      onStep() {
        const { view, clock } = world;
        const now = clock.now();
        let ids = 0;
        for (const { id, spec } of view.all('services'))
          check(`service ${spec.name}`, (of) => world.parts.planService(of, id, now, () => `planned${++ids}`));
        for (const { id } of view.all('nodes')) check(`node ${id}`, (of) => planNode(of, id, now, Number.POSITIVE_INFINITY));
        for (const { id, spec } of view.all('networks')) check(`network ${spec.name}`, (of) => planNetwork(of, id, CLUSTER, now));
      },
    };
  },
};
