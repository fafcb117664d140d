import { PLAN_HASH_PATTERN } from '@tessera/api/route/plan-hash';
import { usageFailure } from '../../failure.js';

/** The hash of a plan, or enough of it: what the manager takes. */
export function planHashValue(text: string): string {
  if (!new RegExp(PLAN_HASH_PATTERN).test(text))
    throw usageFailure(`"${text}" is no hash of a plan`, 'take the one that tsctl plan prints last');
  return text;
}
