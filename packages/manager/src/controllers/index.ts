import { AbsenceController } from './absence-controller.js';
import { AutoscaleController } from './autoscale-controller.js';
import { CertificateController } from './certificate-controller.js';
import { ContentController } from './content-controller.js';
import type { Controller, LeaderDeps } from './controller.js';
import { NetworkController } from './network-controller.js';
import { NodeController } from './node-controller.js';
import { RebalanceController } from './rebalance-controller.js';
import { ReleaseController } from './release-controller.js';
import { SchedulerController } from './scheduler-controller.js';
import { ServiceController } from './service-controller.js';

export interface Controllers {
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** Every controller of the leader, in the order in which they hear of a change. */
const CONTROLLERS: ReadonlyArray<new (deps: LeaderDeps) => Controller> = [
  AbsenceController,
  NodeController,
  NetworkController,
  AutoscaleController,
  RebalanceController,
  ServiceController,
  ReleaseController,
  CertificateController,
  ContentController,
  SchedulerController,
];

/** Starts all controllers on a store whose view is complete. Runs on the leader only. */
export function startControllers(deps: LeaderDeps): Controllers {
  const controllers = CONTROLLERS.map((Make) => new Make(deps));
  for (const controller of controllers) controller.start();
  const unsubscribe = deps.store.onChange((change, gone) => {
    for (const controller of controllers) controller.onChange(change, gone);
  });
  return {
    async stop() {
      unsubscribe();
      await Promise.all(controllers.map((controller) => controller.stop()));
    },
  };
}
