import type { Duplex } from 'node:stream';
import type { LogFrame, LogOptions, NodeDescription, NodeSetItems, NodeSetKind, TaskReport, TaskUsage } from '@tessera/api';

export type RemovedItems = Record<NodeSetKind, string[]>;

/** What the session with a manager needs of the agent: the agent runs without any session, too. */
export interface AgentCore {
  describe(): Promise<NodeDescription>;
  /** All tasks that the agent holds, restarts made while away included, oldest first: for `hello`. */
  heldTasks(): TaskReport[];
  /** Takes over a complete desired set. Resolves when it is saved to disk; carrying it out goes on behind. */
  replaceDesired(seq: number, items: NodeSetItems): Promise<void>;
  /** Takes over a change of the desired set. Resolves when it is saved to disk. */
  mergeDesired(seq: number, put: NodeSetItems, remove: RemovedItems): Promise<void>;
  /** A manager has answered a heartbeat that was sent at this moment of the monotonic clock: it can reach this node, and this node it. */
  granted(sentAtMs: number): void;
  /**
   * Calls `listener` with the number of the desired set, since the last complete one, that the node's networks, names and balancing have
   * become as. Returns the way to stop.
   */
  onApplied(listener: (seq: number) => void): () => void;
  /** Calls `listener` with each change of a task, in order. Returns the way to stop. */
  onReport(listener: (report: TaskReport) => void): () => void;
  /** The manager has stored these: ended tasks that are desired no more may be forgotten. */
  confirmReported(reports: readonly TaskReport[]): void;
  /** What the running tasks of these services used since the last call. */
  usage(serviceIds: ReadonlySet<string>): Promise<TaskUsage[]>;
  /** The digest that an image's registry gives for it now. @throws Error that says why there is none. */
  resolveImage(image: string): Promise<string>;
  /** Lines of a task's log; ends when the log ends and `follow` is false, or on `signal`. */
  logs(taskId: string, options: LogOptions, signal: AbortSignal): AsyncIterable<LogFrame>;
  /** Connects to a TCP port of a task's container. @throws Error in words for people. */
  connect(taskId: string, port: number): Promise<Duplex>;
}
