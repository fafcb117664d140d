/** How long the leases of managers and of their leader hold without being renewed, unless told otherwise. */
export const LEASE_TTL_MS = 3_000;
