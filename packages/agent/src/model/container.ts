export type ContainerState = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';

/** A container of the agent's as the engine shows it. Times are milliseconds since the epoch. */
export interface ObservedContainer {
  id: string;
  name: string;
  labels: Readonly<Record<string, string>>;
  state: ContainerState;
  exitCode?: number;
  oomKilled: boolean;
  /** What the engine says went wrong when it started the container. */
  error?: string;
  startedAt?: number;
  finishedAt?: number;
  /** Absent when neither the spec nor the image has a health check. */
  health?: { status: 'starting' | 'healthy' | 'unhealthy'; lastOutput: string };
  /** IPv4 address by Docker network. */
  addresses: Readonly<Record<string, string>>;
  /** IPv6 address by Docker network, of those that have IPv6. */
  addresses6: Readonly<Record<string, string>>;
  /** Docker networks that it is, or once started will be, plugged into. */
  networks: readonly string[];
  imageId: string;
  /** Bytes that the container may use; 0: no limit. */
  memoryLimitBytes: number;
  tty: boolean;
}
