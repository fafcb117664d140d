/** Hash of a plan, or enough of its beginning. */
export const PLAN_HASH_PATTERN = '^[0-9a-f]{8,64}$';
