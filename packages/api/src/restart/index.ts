export { endedAt, MOST_BACKOFF_MS, RAN_WELL_MS, ranWell, restartDelayMs } from './backoff.js';
export { type EndedRun, exhaustion, type RestartDecision, restartDecision } from './decision.js';
