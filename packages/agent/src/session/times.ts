import { HEARTBEAT_MS, MISSED_HEARTBEATS, USAGE_MS } from '@tessera/api';

/** All in milliseconds, but for the count of heartbeats. */
export const SESSION_TIMES = {
  heartbeatMs: HEARTBEAT_MS,
  missedHeartbeats: MISSED_HEARTBEATS,
  reportTickMs: 10,
  /** How often the host is looked at for changes worth telling. */
  describeMs: 30_000,
  usageMs: USAGE_MS,
  /** How long a manager has to answer hello: it may have to wait for its store. */
  greetLimitMs: 30_000,
  firstRetryMs: 200,
  longestRetryMs: 5_000,
};
export type SessionTimes = typeof SESSION_TIMES;
