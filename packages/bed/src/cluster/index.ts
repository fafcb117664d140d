export type { Daemon } from './daemon.js';
export { findPrograms, type Programs } from './programs.js';
export { MANAGER_PORT, type RunningCluster, type StartClusterOptions, startCluster } from './start-cluster.js';
