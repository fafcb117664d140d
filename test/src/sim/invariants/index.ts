import { acknowledgedStays } from './acknowledged-stays.js';
import { converges } from './converges.js';
import type { Invariant } from './invariant.js';
import { noOvercommit } from './no-overcommit.js';
import { oneTaskPerSlot } from './one-task-per-slot.js';
import { plansComeToRest } from './plans-come-to-rest.js';
import { statesMoveForward } from './states-move-forward.js';
import { updateBudget } from './update-budget.js';

/** All properties of ARCHITECTURE.md, section 8. */
export const INVARIANTS: readonly Invariant[] = [
  oneTaskPerSlot,
  noOvercommit,
  statesMoveForward,
  acknowledgedStays,
  converges,
  plansComeToRest,
  updateBudget,
];
