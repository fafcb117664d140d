import type { ContainerSpec } from './container-spec.js';
import type { Placement, RestartPolicy, ServiceSpec, TaskTemplate, UpdateConfig } from './service-spec.js';

/** Swarm's defaults, read from moby/swarmkit `api/defaults/service.go`. */
export const DEFAULT_RESTART: Readonly<RestartPolicy> = { condition: 'any', delayMs: 5_000, maxAttempts: 0, windowMs: 0 };
export const DEFAULT_UPDATE: Readonly<UpdateConfig> = {
  parallelism: 1,
  delayMs: 0,
  order: 'stop-first',
  failureAction: 'pause',
  monitorMs: 5_000,
  maxFailureRatio: 0,
};
/** Long enough to pull a large image over a slow line. */
export const DEFAULT_PROGRESS_DEADLINE_MS = 10 * 60_000;
/** Docker's own default between the stop signal and SIGKILL. */
export const DEFAULT_STOP_GRACE_MS = 10_000;
/** Ended tasks kept for each slot: Swarm's `TaskHistoryRetentionLimit`. */
export const TASK_HISTORY_PER_SLOT = 5;

export function defaultPlacement(): Placement {
  return { constraints: [], preferences: [], maxReplicasPerNode: 0, platforms: [] };
}

/** A container with only its image said. */
export function defaultContainer(image: string): ContainerSpec {
  return {
    image,
    pullPolicy: 'missing',
    env: [],
    labels: {},
    extraHosts: [],
    mounts: [],
    configs: [],
    secrets: [],
    stopGraceMs: DEFAULT_STOP_GRACE_MS,
    capAdd: [],
    capDrop: [],
    securityOpt: [],
    devices: [],
    deviceCgroupRules: [],
    deviceRequests: [],
    sysctls: {},
    ulimits: [],
  };
}

export function defaultTemplate(image: string): TaskTemplate {
  return {
    container: defaultContainer(image),
    limits: {},
    reservations: { nanoCpus: 0, memoryBytes: 0, generic: [] },
    restart: { ...DEFAULT_RESTART },
    networks: [],
    forceUpdate: 0,
    fileHashes: {},
  };
}

/** A replicated service of one task with Swarm's defaults. */
export function defaultService(name: string, image: string): ServiceSpec {
  return {
    name,
    labels: {},
    mode: { kind: 'replicated', replicas: 1 },
    template: defaultTemplate(image),
    placement: defaultPlacement(),
    update: { ...DEFAULT_UPDATE },
    rollback: { ...DEFAULT_UPDATE },
    endpointMode: 'vip',
    ports: [],
    dependsOn: [],
  };
}
