/** What the engine is asked to create: the body of the Docker Engine API's `POST /containers/create`, as far as Tessera uses it. */
export interface ContainerRequest {
  name: string;
  /** `os/architecture[/variant]`. */
  platform?: string;
  body: ContainerBody;
  /** Networks beyond the first one, connected before the start. */
  moreNetworks: readonly string[];
}

export interface ContainerBody {
  Image: string;
  Entrypoint?: string[];
  Cmd?: string[];
  Env: string[];
  Labels: Record<string, string>;
  WorkingDir?: string;
  User?: string;
  Hostname?: string;
  Domainname?: string;
  Tty: boolean;
  OpenStdin: boolean;
  StopSignal?: string;
  StopTimeout: number;
  Healthcheck?: HealthConfig;
  ExposedPorts: Record<string, Record<string, never>>;
  HostConfig: HostConfig;
  NetworkingConfig?: { EndpointsConfig: Record<string, Record<string, never>> };
}

/** Durations are nanoseconds. */
export interface HealthConfig {
  Test?: string[];
  Interval?: number;
  Timeout?: number;
  StartPeriod?: number;
  StartInterval?: number;
  Retries?: number;
}

export interface HostConfig {
  Binds: string[];
  Mounts: DockerMount[];
  NetworkMode?: string;
  PortBindings: Record<string, { HostIp?: string; HostPort: string }[]>;
  RestartPolicy: { Name: 'no' };
  Dns?: string[];
  DnsSearch?: string[];
  DnsOptions?: string[];
  ExtraHosts: string[];
  GroupAdd?: string[];
  NanoCpus?: number;
  Memory?: number;
  MemoryReservation?: number;
  MemorySwap?: number;
  MemorySwappiness?: number;
  PidsLimit?: number;
  CpuShares?: number;
  CpusetCpus?: string;
  BlkioWeight?: number;
  Init?: boolean;
  ReadonlyRootfs: boolean;
  Privileged: boolean;
  CapAdd: string[];
  CapDrop: string[];
  SecurityOpt: string[];
  Devices: { PathOnHost: string; PathInContainer: string; CgroupPermissions: string }[];
  DeviceCgroupRules: string[];
  DeviceRequests: DockerDeviceRequest[];
  Sysctls: Record<string, string>;
  Ulimits: { Name: string; Soft: number; Hard: number }[];
  IpcMode?: string;
  PidMode?: string;
  UTSMode?: string;
  UsernsMode?: string;
  CgroupnsMode?: string;
  CgroupParent?: string;
  ShmSize?: number;
  OomScoreAdj?: number;
  OomKillDisable?: boolean;
  Runtime?: string;
  StorageOpt?: Record<string, string>;
  LogConfig: { Type: string; Config: Record<string, string> };
}

export interface DockerDeviceRequest {
  Driver?: string;
  Count?: number;
  DeviceIDs?: string[];
  Capabilities: string[][];
  Options?: Record<string, string>;
}

export interface DockerMount {
  Type: string;
  Source?: string;
  Target: string;
  ReadOnly: boolean;
  Consistency?: string;
  BindOptions?: { Propagation?: string; NonRecursive?: boolean };
  VolumeOptions?: {
    NoCopy?: boolean;
    Subpath?: string;
    Labels?: Record<string, string>;
    DriverConfig?: { Name?: string; Options?: Record<string, string> };
  };
  TmpfsOptions?: { SizeBytes?: number; Mode?: number };
}
