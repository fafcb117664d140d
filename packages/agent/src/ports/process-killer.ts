/** Ends what runs in a container without its engine, for an engine that does not answer. */
export interface ProcessKiller {
  /** Sends SIGKILL to every process of the container. @returns how many there were */
  kill(containerId: string): Promise<number>;
}
