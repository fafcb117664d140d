import type { Schedule, Toleration } from '../../spec/index.js';
import type { ComposeNode } from '../yaml/node.js';
import { toPlain } from '../yaml/node.js';

/**
 * A Compose document in its canonical form, after merge: what the schema and the canonical forms guarantee. Sizes are bytes, durations
 * milliseconds, cpus billionths of a core, file modes permission bits.
 */
export interface ComposeModel {
  services?: Record<string, ComposeService>;
  networks?: Record<string, ComposeNetwork>;
  volumes?: Record<string, ComposeVolume>;
  configs?: Record<string, ComposeFile>;
  secrets?: Record<string, ComposeFile>;
}

export type Texts = Record<string, string | null>;

export interface ComposePort {
  target: number;
  published?: number;
  protocol: 'tcp' | 'udp' | 'sctp';
  mode: 'ingress' | 'host';
  host_ip?: string;
  name?: string;
}

export interface ComposeMount {
  type: 'bind' | 'volume' | 'tmpfs' | 'cluster' | 'npipe' | 'image';
  source?: string;
  target: string;
  read_only?: boolean;
  consistency?: string;
  bind?: { propagation?: string; create_host_path?: boolean; recursive?: string; selinux?: string };
  volume?: { labels?: Texts; nocopy?: boolean; subpath?: string };
  tmpfs?: { size?: number; mode?: number };
  image?: { subpath?: string };
}

export interface ComposeFileReference {
  source?: string;
  target?: string;
  uid?: string;
  gid?: string;
  mode?: number;
}

export interface ComposeUpdate {
  parallelism?: number;
  delay?: number;
  failure_action?: 'pause' | 'continue' | 'rollback';
  monitor?: number;
  max_failure_ratio?: number;
  order?: 'start-first' | 'stop-first';
}

export interface ComposeDeviceRequest {
  capabilities?: string[];
  count?: number | 'all';
  device_ids?: string[];
  driver?: string;
  options?: Texts;
}

export interface ComposeDeploy {
  mode?: 'replicated' | 'global' | 'replicated-job' | 'global-job';
  endpoint_mode?: 'vip' | 'dnsrr';
  replicas?: number;
  labels?: Texts;
  update_config?: ComposeUpdate;
  rollback_config?: ComposeUpdate;
  resources?: {
    limits?: { cpus?: number; memory?: number; pids?: number };
    reservations?: {
      cpus?: number;
      memory?: number;
      generic_resources?: { discrete_resource_spec: { kind: string; value: number } }[];
      devices?: ComposeDeviceRequest[];
    };
  };
  restart_policy?: { condition?: 'none' | 'on-failure' | 'any'; delay?: number; max_attempts?: number; window?: number };
  placement?: { constraints?: string[]; preferences?: { spread: string }[]; max_replicas_per_node?: number };
}

export interface ComposeHealthcheck {
  disable?: boolean;
  test?: string[];
  interval?: number;
  timeout?: number;
  retries?: number;
  start_period?: number;
  start_interval?: number;
}

export interface ComposeBlkio {
  weight?: number;
  weight_device?: { path: string; weight: number }[];
  device_read_bps?: { path: string; rate: number }[];
  device_read_iops?: { path: string; rate: number }[];
  device_write_bps?: { path: string; rate: number }[];
  device_write_iops?: { path: string; rate: number }[];
}

export interface ComposeSchedule
  extends Pick<Schedule, 'cron'>,
    Partial<Pick<Schedule, 'timezone' | 'concurrency' | 'missed' | 'history'>> {
  starting_deadline?: number;
}

export interface ComposeService {
  annotations?: Texts;
  blkio_config?: ComposeBlkio;
  build?: unknown;
  cap_add?: string[];
  cap_drop?: string[];
  cgroup?: string;
  cgroup_parent?: string;
  command?: string[] | null;
  configs?: ComposeFileReference[];
  cpu_period?: number;
  cpu_quota?: number;
  cpu_shares?: number;
  cpus?: number;
  cpuset?: string;
  depends_on?: Record<
    string,
    { condition: 'service_started' | 'service_healthy' | 'service_completed_successfully'; required?: boolean; restart?: boolean }
  >;
  deploy?: ComposeDeploy | null;
  device_cgroup_rules?: string[];
  devices?: { source: string; target?: string; permissions?: string }[];
  dns?: string[];
  dns_opt?: string[];
  dns_search?: string[];
  domainname?: string;
  entrypoint?: string[] | null;
  environment?: Texts;
  expose?: string[];
  extra_hosts?: Record<string, string[]>;
  gpus?: ComposeDeviceRequest[];
  group_add?: string[];
  healthcheck?: ComposeHealthcheck;
  hostname?: string;
  image?: string;
  init?: boolean;
  ipc?: string;
  labels?: Texts;
  links?: string[];
  logging?: { driver?: string; options?: Texts };
  mem_limit?: number;
  mem_reservation?: number;
  mem_swappiness?: number;
  memswap_limit?: number;
  network_mode?: string;
  networks?: Record<string, { aliases?: string[] } | null>;
  oom_kill_disable?: boolean;
  oom_score_adj?: number;
  pid?: string | null;
  pids_limit?: number;
  platform?: string;
  ports?: ComposePort[];
  privileged?: boolean;
  pull_policy?: string;
  read_only?: boolean;
  restart?: string;
  runtime?: string;
  scale?: number;
  secrets?: ComposeFileReference[];
  security_opt?: string[];
  shm_size?: number;
  stdin_open?: boolean;
  stop_grace_period?: number;
  stop_signal?: string;
  storage_opt?: Texts;
  sysctls?: Texts;
  tmpfs?: string[];
  tty?: boolean;
  ulimits?: Record<string, { soft: number; hard: number }>;
  user?: string;
  userns_mode?: string;
  uts?: string;
  volumes?: ComposeMount[];
  working_dir?: string;
  'x-partition'?: 'keep' | 'stop';
  'x-affinity'?: {
    near?: ComposeAffinityTerm[];
    apart?: ComposeAffinityTerm[];
    nodes?: { constraint: string; weight: number }[];
  };
  'x-priority'?: number;
  'x-strategy'?: 'spread' | 'binpack';
  'x-tolerations'?: (string | Toleration)[];
  'x-canary'?: number | string;
  'x-drain'?: number;
  'x-progress-deadline'?: number;
  'x-publish-not-ready'?: boolean;
  'x-http'?: ComposeHttpRule[];
  'x-reload-signal'?: string;
  'x-reload-command'?: string | string[];
  'x-sticky'?: boolean | string;
  'x-autoscale'?: { min?: number; max: number; cpu?: string; memory?: string; cooldown?: { up?: number; down?: number } };
  'x-rebalance'?: boolean | { budget?: number };
  'x-schedule'?: string | ComposeSchedule;
}

export interface ComposeHttpRule {
  host?: string[];
  path?: string;
  strip_prefix?: boolean;
  protocol?: 'http' | 'h2c';
  port?: number;
  tls?: { mode?: string; cert?: string; key?: string };
  network?: string;
}

export interface ComposeAffinityTerm {
  service?: string;
  labels?: Texts;
  topology?: string;
  weight?: number;
}

interface ComposeResource {
  name?: string;
  external?: boolean;
  labels?: Texts;
}

export interface ComposeNetwork extends ComposeResource {
  driver?: string;
  driver_opts?: Texts;
  ipam?: { driver?: string; config?: { subnet?: string; ip_range?: string; gateway?: string }[] };
  internal?: boolean;
  enable_ipv4?: boolean;
  enable_ipv6?: boolean;
  attachable?: boolean;
}

export interface ComposeVolume extends ComposeResource {
  driver?: string;
  driver_opts?: Texts;
}

export interface ComposeFile extends ComposeResource {
  file?: string;
  content?: string;
  environment?: string;
  driver?: string;
  template_driver?: string;
}

/** The typed view of a document that passed the schema and was brought into canonical form. */
export function modelOf(document: ComposeNode): ComposeModel {
  return toPlain(document) as ComposeModel;
}
