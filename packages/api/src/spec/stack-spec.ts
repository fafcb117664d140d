import { type Static, Type } from 'typebox';
import { Labels, Name, oneOf, strictObject } from './common.js';
import { ServiceSpec } from './service-spec.js';

export const NetworkSpec = strictObject({
  /** Full name: `stack_network` for a stack's network. */
  name: Name,
  stack: Type.Optional(Name),
  labels: Labels,
  driver: oneOf(['overlay', 'bridge', 'host', 'none']),
  driverOptions: Labels,
  internal: Type.Boolean(),
  attachable: Type.Boolean(),
  ipv6: Type.Boolean(),
  /** IPv4 subnet in CIDR form. Absent: chosen by the manager. */
  subnet: Type.Optional(Type.String({ maxLength: 64 })),
  /** IPv6 subnet in CIDR form, beside that of IPv4. Absent: chosen by the manager, when `ipv6` is asked for. */
  subnet6: Type.Optional(Type.String({ maxLength: 64 })),
});
export type NetworkSpec = Static<typeof NetworkSpec>;

/** Swarm's limits: secrets under 500 KB, configs under 1000 KB; base64 makes 4 characters of 3 bytes. */
export const MAX_SECRET_BYTES = 500 * 1024;
export const MAX_CONFIG_BYTES = 1000 * 1024 - 1;

/** A config or a secret: a small file handed to tasks. */
export const FileSpec = strictObject({
  name: Name,
  stack: Type.Optional(Name),
  labels: Labels,
  /** Content in base64. Never given back for a secret. */
  data: Type.String({ maxLength: 1_400_000 }),
});
export type FileSpec = Static<typeof FileSpec>;

/** A whole stack, as a deploy sends it. Names within are full names. */
export const StackSpec = strictObject({
  name: Name,
  services: Type.Array(ServiceSpec, { maxItems: 10_000 }),
  networks: Type.Array(NetworkSpec, { maxItems: 1000 }),
  configs: Type.Array(FileSpec, { maxItems: 1000 }),
  secrets: Type.Array(FileSpec, { maxItems: 1000 }),
});
export type StackSpec = Static<typeof StackSpec>;
