import type { ContainerSpec, HealthcheckSpec, PublishedPort, TaskAssignment } from '@tessera/api';
import type { ContainerBody, ContainerRequest, DockerDeviceRequest, HealthConfig, HostConfig } from '../model/container-request.js';
import { engineReference } from '../model/image.js';
import { containerName, ownLabels } from '../model/labels.js';
import { resourceEnv, withGivenGpus } from './given-resources.js';
import { fileMounts, taskMounts } from './mounts.js';
import { expand, type NodeFacts } from './template.js';

/** Everything outside the assignment that shapes a container. */
export interface ContainerContext {
  clusterId: string;
  node: NodeFacts;
  /** Docker network and DNS servers by network id. */
  plugs: Readonly<Record<string, { dockerNetwork: string; dnsServers: readonly string[] }>>;
  /** Folder of this task's config and secret files. */
  filesFolder: string;
}

const NANOSECONDS_PER_MS = 1_000_000;
const MS_PER_SECOND = 1_000;
/** Log of a task that says nothing of its own: at most 3 files of 10 MB, so that no container fills the disk. */
const DEFAULT_LOG = { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } };

/**
 * The container of a task. Docker never restarts it (the agent makes a new task), and only ports in host mode are bound by Docker.
 * @throws SpecError when the spec cannot be carried out.
 */
export function containerRequest(task: TaskAssignment, context: ContainerContext): ContainerRequest {
  const spec = task.template.container;
  const networks = spec.networkMode
    ? []
    : task.networks.map(({ networkId }) => ({ networkId, name: context.plugs[networkId]?.dockerNetwork ?? networkId }));
  const [first, ...more] = networks.map(({ name }) => name);
  const labels = ownLabels(
    task,
    { clusterId: context.clusterId, nodeId: context.node.id },
    Object.fromEntries(networks.map(({ networkId, name }) => [networkId, name])),
  );
  return {
    name: containerName(task, context.node.id),
    ...(spec.platform !== undefined && { platform: spec.platform }),
    moreNetworks: more,
    body: {
      ...processConfig(task, context.node),
      Labels: { ...spec.labels, ...labels },
      ExposedPorts: Object.fromEntries(task.hostPorts.map((port) => [portKey(port), {}])),
      HostConfig: hostConfig(task, context, first),
      ...(first !== undefined && { NetworkingConfig: { EndpointsConfig: { [first]: {} } } }),
    },
  };
}

type ProcessConfig = Omit<ContainerBody, 'Labels' | 'ExposedPorts' | 'HostConfig' | 'NetworkingConfig'>;

function processConfig(task: TaskAssignment, node: NodeFacts): ProcessConfig {
  const spec = task.template.container;
  return {
    Image: engineReference(spec),
    Env: [...spec.env.map((entry) => expand(entry, task, node)), ...resourceEnv(task)],
    Tty: spec.tty ?? false,
    OpenStdin: spec.stdinOpen ?? false,
    StopTimeout: Math.ceil(spec.stopGraceMs / MS_PER_SECOND),
    ...(spec.command && { Entrypoint: spec.command }),
    ...(spec.args && { Cmd: spec.args }),
    ...(spec.workingDir !== undefined && { WorkingDir: spec.workingDir }),
    ...(spec.user !== undefined && { User: spec.user }),
    ...(spec.hostname !== undefined && { Hostname: expand(spec.hostname, task, node) }),
    ...(spec.domainname !== undefined && { Domainname: spec.domainname }),
    ...(spec.stopSignal !== undefined && { StopSignal: spec.stopSignal }),
    ...(spec.healthcheck && { Healthcheck: healthConfig(spec.healthcheck) }),
  };
}

function healthConfig({ test, intervalMs, timeoutMs, startPeriodMs, startIntervalMs, retries }: HealthcheckSpec): HealthConfig {
  return {
    ...(test.length > 0 && { Test: test }),
    ...(intervalMs !== undefined && { Interval: intervalMs * NANOSECONDS_PER_MS }),
    ...(timeoutMs !== undefined && { Timeout: timeoutMs * NANOSECONDS_PER_MS }),
    ...(startPeriodMs !== undefined && { StartPeriod: startPeriodMs * NANOSECONDS_PER_MS }),
    ...(startIntervalMs !== undefined && { StartInterval: startIntervalMs * NANOSECONDS_PER_MS }),
    ...(retries !== undefined && { Retries: retries }),
  };
}

function hostConfig(task: TaskAssignment, context: ContainerContext, firstNetwork: string | undefined): HostConfig {
  const spec = task.template.container;
  const { mounts, binds } = taskMounts(task, context.node);
  const networkMode = spec.networkMode ?? firstNetwork;
  return {
    Binds: binds,
    Mounts: [...mounts, ...fileMounts(task, context.filesFolder)],
    PortBindings: portBindings(task.hostPorts),
    RestartPolicy: { Name: 'no' },
    ExtraHosts: spec.extraHosts,
    LogConfig: spec.log ? { Type: spec.log.driver ?? '', Config: spec.log.options } : DEFAULT_LOG,
    ...(networkMode !== undefined && { NetworkMode: networkMode }),
    ...dnsConfig(task, context),
    ...resourceConfig(task),
    ...securityConfig(task),
    ...namespaceConfig(spec),
  };
}

/** The service's own DNS servers, else those of its networks; host networking keeps the host's. */
function dnsConfig(task: TaskAssignment, { plugs }: ContainerContext): Pick<HostConfig, 'Dns' | 'DnsSearch' | 'DnsOptions'> {
  const { dns, networkMode } = task.template.container;
  const own = dns?.servers ?? [];
  const discovered = networkMode ? [] : task.networks.flatMap(({ networkId }) => plugs[networkId]?.dnsServers ?? []);
  const servers = own.length > 0 ? own : [...new Set(discovered)];
  return {
    ...(servers.length > 0 && { Dns: servers }),
    ...(dns && dns.search.length > 0 && { DnsSearch: dns.search }),
    ...(dns && dns.options.length > 0 && { DnsOptions: dns.options }),
  };
}

function resourceConfig({ template: { limits, reservations, container } }: TaskAssignment): Partial<HostConfig> {
  return {
    ...(limits.nanoCpus !== undefined && { NanoCpus: limits.nanoCpus }),
    ...(limits.memoryBytes !== undefined && { Memory: limits.memoryBytes }),
    ...(reservations.memoryBytes > 0 && { MemoryReservation: reservations.memoryBytes }),
    ...(limits.memorySwapBytes !== undefined && { MemorySwap: limits.memorySwapBytes }),
    ...(limits.memorySwappiness !== undefined && { MemorySwappiness: limits.memorySwappiness }),
    ...(limits.pids !== undefined && { PidsLimit: limits.pids }),
    ...(limits.cpuShares !== undefined && { CpuShares: limits.cpuShares }),
    ...(limits.cpuset !== undefined && { CpusetCpus: limits.cpuset }),
    ...(limits.blkioWeight !== undefined && { BlkioWeight: limits.blkioWeight }),
    ...(container.shmBytes !== undefined && { ShmSize: container.shmBytes }),
    ...(container.oomScoreAdj !== undefined && { OomScoreAdj: container.oomScoreAdj }),
    ...(container.oomKillDisable !== undefined && { OomKillDisable: container.oomKillDisable }),
    ...(container.storageOptions && { StorageOpt: container.storageOptions }),
  };
}

function securityConfig(task: TaskAssignment) {
  const spec = task.template.container;
  return {
    ReadonlyRootfs: spec.readOnly ?? false,
    Privileged: spec.privileged ?? false,
    CapAdd: spec.capAdd,
    CapDrop: spec.capDrop,
    SecurityOpt: spec.securityOpt,
    Devices: spec.devices.map(({ source, target, permissions }) => ({
      PathOnHost: source,
      PathInContainer: target,
      CgroupPermissions: permissions,
    })),
    DeviceCgroupRules: spec.deviceCgroupRules,
    DeviceRequests: withGivenGpus(task).map(deviceRequest),
    Sysctls: spec.sysctls,
    Ulimits: spec.ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    ...(spec.groups && { GroupAdd: spec.groups }),
  };
}

function deviceRequest({ driver, count, deviceIds, capabilities, options }: ContainerSpec['deviceRequests'][number]): DockerDeviceRequest {
  return {
    Capabilities: capabilities,
    ...(driver !== undefined && { Driver: driver }),
    ...(count !== undefined && { Count: count }),
    ...(deviceIds && { DeviceIDs: deviceIds }),
    ...(options && { Options: options }),
  };
}

function namespaceConfig(spec: ContainerSpec): Partial<HostConfig> {
  return {
    ...(spec.init !== undefined && { Init: spec.init }),
    ...(spec.ipc !== undefined && { IpcMode: spec.ipc }),
    ...(spec.pid !== undefined && { PidMode: spec.pid }),
    ...(spec.uts !== undefined && { UTSMode: spec.uts }),
    ...(spec.usernsMode !== undefined && { UsernsMode: spec.usernsMode }),
    ...(spec.cgroup !== undefined && { CgroupnsMode: spec.cgroup }),
    ...(spec.cgroupParent !== undefined && { CgroupParent: spec.cgroupParent }),
    ...(spec.runtime !== undefined && { Runtime: spec.runtime }),
  };
}

function portKey({ target, protocol }: PublishedPort): string {
  return `${target}/${protocol}`;
}

function portBindings(ports: readonly PublishedPort[]): HostConfig['PortBindings'] {
  const bindings: HostConfig['PortBindings'] = {};
  for (const port of ports) {
    const { hostIp, published } = port;
    (bindings[portKey(port)] ??= []).push({
      ...(hostIp !== undefined && { HostIp: hostIp }),
      HostPort: published === undefined ? '' : String(published),
    });
  }
  return bindings;
}
