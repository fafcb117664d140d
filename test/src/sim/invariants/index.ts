import { acknowledgedStays } from './acknowledged-stays.js';
import { converges } from './converges.js';
import { downIsSilent } from './down-is-silent.js';
import { fencedOnce } from './fenced-once.js';
import { idsOnce } from './ids-once.js';
import type { Invariant } from './invariant.js';
import { jobRuns } from './job-runs.js';
import { noOvercommit } from './no-overcommit.js';
import { oneTaskPerSlot } from './one-task-per-slot.js';
import { plansComeToRest } from './plans-come-to-rest.js';
import { statesMoveForward } from './states-move-forward.js';
import { updateBudget } from './update-budget.js';

/** All that must always hold; what ARCHITECTURE.md numbers is said in each file. */
export const INVARIANTS: readonly Invariant[] = [
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
];
