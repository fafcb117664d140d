import { type Static, Type } from 'typebox';
import { Bytes, DurationMs, Labels, Name, oneOf, strictObject } from './common.js';

const Mode = Type.Integer({ minimum: 0, maximum: 0o7777, description: 'Permission bits, as a decimal number' });

/** A volume, bind, tmpfs, image or named-pipe mount. */
export const MountSpec = strictObject({
  type: oneOf(['volume', 'bind', 'tmpfs', 'npipe', 'image', 'cluster']),
  /** Volume name or host path; absent for tmpfs and anonymous volumes. */
  source: Type.Optional(Type.String({ maxLength: 4096 })),
  target: Type.String({ minLength: 1, maxLength: 4096 }),
  readOnly: Type.Optional(Type.Boolean()),
  consistency: Type.Optional(Type.String()),
  bind: Type.Optional(
    strictObject({
      propagation: Type.Optional(Type.String()),
      createHostPath: Type.Optional(Type.Boolean()),
      recursive: Type.Optional(Type.String()),
    }),
  ),
  volume: Type.Optional(
    strictObject({
      noCopy: Type.Optional(Type.Boolean()),
      subpath: Type.Optional(Type.String()),
      labels: Type.Optional(Labels),
      driver: Type.Optional(Type.String()),
      driverOptions: Type.Optional(Labels),
    }),
  ),
  tmpfs: Type.Optional(strictObject({ sizeBytes: Type.Optional(Bytes), mode: Type.Optional(Mode) })),
});
export type MountSpec = Static<typeof MountSpec>;

/** A config or secret as a file in the container. */
export const FileReference = strictObject({
  /** Full name of the config or secret object. */
  source: Name,
  /** Absolute path in the container. */
  target: Type.String({ minLength: 1, maxLength: 4096 }),
  uid: Type.String({ default: '0' }),
  gid: Type.String({ default: '0' }),
  mode: Type.Integer({ minimum: 0, maximum: 0o7777, default: 0o444 }),
});
export type FileReference = Static<typeof FileReference>;

export const HealthcheckSpec = strictObject({
  /** `['NONE']`, `['CMD', …]` or `['CMD-SHELL', line]`; empty: the image's own. */
  test: Type.Array(Type.String()),
  intervalMs: Type.Optional(DurationMs),
  timeoutMs: Type.Optional(DurationMs),
  startPeriodMs: Type.Optional(DurationMs),
  startIntervalMs: Type.Optional(DurationMs),
  retries: Type.Optional(Type.Integer({ minimum: 0 })),
});
export type HealthcheckSpec = Static<typeof HealthcheckSpec>;

export const DeviceSpec = strictObject({ source: Type.String(), target: Type.String(), permissions: Type.String({ default: 'rwm' }) });

/** Reservation of devices by capability, as in Compose `deploy.resources.reservations.devices` and `gpus`. */
export const DeviceRequest = strictObject({
  driver: Type.Optional(Type.String()),
  /** -1: all. */
  count: Type.Optional(Type.Integer({ minimum: -1 })),
  deviceIds: Type.Optional(Type.Array(Type.String())),
  capabilities: Type.Array(Type.Array(Type.String())),
  options: Type.Optional(Labels),
});

export const UlimitSpec = strictObject({ name: Type.String(), soft: Type.Integer(), hard: Type.Integer() });

/** What runs in a task's container. Everything that Docker can do for a Compose service. */
export const ContainerSpec = strictObject({
  image: Type.String({ minLength: 1, maxLength: 1024 }),
  /** What the image's tag meant at the deploy: all tasks run this one, whatever the tag means when they are pulled. */
  digest: Type.Optional(Type.String({ pattern: '^sha256:[0-9a-f]{64}$' })),
  pullPolicy: oneOf(['missing', 'always', 'never']),
  platform: Type.Optional(Type.String()),
  command: Type.Optional(Type.Array(Type.String(), { description: "Replaces the image's entry point" })),
  args: Type.Optional(Type.Array(Type.String(), { description: "Replaces the image's command" })),
  env: Type.Array(Type.String({ maxLength: 131_072 }), { maxItems: 4096, description: '`KEY=value`' }),
  labels: Labels,
  workingDir: Type.Optional(Type.String()),
  user: Type.Optional(Type.String()),
  groups: Type.Optional(Type.Array(Type.String())),
  hostname: Type.Optional(Type.String()),
  domainname: Type.Optional(Type.String()),
  extraHosts: Type.Array(Type.String({ description: '`name:address`' })),
  dns: Type.Optional(
    strictObject({ servers: Type.Array(Type.String()), search: Type.Array(Type.String()), options: Type.Array(Type.String()) }),
  ),
  mounts: Type.Array(MountSpec, { maxItems: 1024 }),
  configs: Type.Array(FileReference, { maxItems: 1024 }),
  secrets: Type.Array(FileReference, { maxItems: 1024 }),
  healthcheck: Type.Optional(HealthcheckSpec),
  stopSignal: Type.Optional(Type.String()),
  stopGraceMs: DurationMs,
  init: Type.Optional(Type.Boolean()),
  tty: Type.Optional(Type.Boolean()),
  stdinOpen: Type.Optional(Type.Boolean()),
  readOnly: Type.Optional(Type.Boolean()),
  privileged: Type.Optional(Type.Boolean()),
  capAdd: Type.Array(Type.String()),
  capDrop: Type.Array(Type.String()),
  securityOpt: Type.Array(Type.String()),
  devices: Type.Array(DeviceSpec),
  deviceCgroupRules: Type.Array(Type.String()),
  deviceRequests: Type.Array(DeviceRequest),
  sysctls: Labels,
  ulimits: Type.Array(UlimitSpec),
  ipc: Type.Optional(Type.String()),
  pid: Type.Optional(Type.String()),
  uts: Type.Optional(Type.String()),
  usernsMode: Type.Optional(Type.String()),
  cgroup: Type.Optional(Type.String()),
  cgroupParent: Type.Optional(Type.String()),
  /** `host`, `none`, or absent: the service's networks. */
  networkMode: Type.Optional(oneOf(['host', 'none'])),
  shmBytes: Type.Optional(Bytes),
  oomScoreAdj: Type.Optional(Type.Integer({ minimum: -1000, maximum: 1000 })),
  oomKillDisable: Type.Optional(Type.Boolean()),
  runtime: Type.Optional(Type.String()),
  storageOptions: Type.Optional(Labels),
  log: Type.Optional(strictObject({ driver: Type.Optional(Type.String()), options: Labels })),
});
export type ContainerSpec = Static<typeof ContainerSpec>;
