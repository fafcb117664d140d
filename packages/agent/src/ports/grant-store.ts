/**
 * Remembers across processes of the agent, but not across boots of the host, when a manager last answered it: an agent that was restarted neither
 * stops fenced tasks for that, nor lets them run on for longer than their fence allows.
 */
export interface GrantStore {
  /** By the monotonic clock; `undefined` when nothing is known since the host was booted. */
  load(): number | undefined;
  save(monotonicMs: number): void;
}
