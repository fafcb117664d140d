import { acknowledgedStays } from './acknowledged-stays.js';
import { atomicReleases } from './atomic-releases.js';
import { autoscaleBounds } from './autoscale-bounds.js';
import { canaryShare } from './canary-share.js';
import { converges } from './converges.js';
import { downIsSilent } from './down-is-silent.js';
import { fencedOnce } from './fenced-once.js';
import { idsOnce } from './ids-once.js';
import type { Invariant } from './invariant.js';
import { jobRuns } from './job-runs.js';
import { jobTasks } from './job-tasks.js';
import { leavesAcknowledged } from './leaves-acknowledged.js';
import { makesRoom } from './makes-room.js';
import { movesFirst } from './moves-start-first.js';
import { noOvercommit } from './no-overcommit.js';
import { oneTaskPerSlot } from './one-task-per-slot.js';
import { plansComeToRest } from './plans-come-to-rest.js';
import { restartPolicy } from './restart-policy.js';
import { statesMoveForward } from './states-move-forward.js';
import { timePasses } from './time-passes.js';
import { updateBudget } from './update-budget.js';

/** All that must always hold; what ARCHITECTURE.md numbers is said in each file. */
export const INVARIANTS: readonly Invariant[] = [
  timePasses,
  oneTaskPerSlot,
  noOvercommit,
  idsOnce,
  statesMoveForward,
  acknowledgedStays,
  converges,
  plansComeToRest,
  updateBudget,
  downIsSilent,
  fencedOnce,
  jobRuns,
  jobTasks,
  canaryShare,
  autoscaleBounds,
  movesFirst,
  atomicReleases,
  restartPolicy,
  leavesAcknowledged,
  makesRoom,
];
