import { isIpAddress } from '../../net/host-address.js';
import { type ContainerSpec, DEFAULT_STOP_GRACE_MS } from '../../spec/index.js';
import type { Path } from '../diagnostic.js';
import { type ConvertContext, compact, filled } from './context.js';
import { convertDeviceRequests, convertDevices } from './devices.js';
import { convertFileReferences } from './files.js';
import { convertHealthcheck } from './healthcheck.js';
import type { ComposeService } from './model.js';
import { convertMounts } from './mounts.js';
import { checkPlaceholders } from './placeholders.js';

/** No limit, in Docker's words. */
const UNLIMITED = -1;
/** What Docker takes for each kind of namespace. */
const NAMESPACES: Readonly<Record<'ipc' | 'pid' | 'uts' | 'userns_mode', readonly string[]>> = {
  ipc: ['none', 'private', 'shareable', 'host'],
  pid: ['host'],
  uts: ['host'],
  userns_mode: ['host'],
};

/** The container of one service. */
export function convertContainer(service: ComposeService, image: string, path: Path, context: ConvertContext): ContainerSpec {
  checkPlaceholders(service, path, context);
  return compact({
    image,
    pullPolicy: convertPullPolicy(service.pull_policy, path, context),
    platform: service.platform,
    command: service.entrypoint ?? undefined,
    args: service.command ?? undefined,
    env: Object.entries(service.environment ?? {}).map(([key, value]) => `${key}=${value ?? ''}`),
    labels: filled(service.labels),
    ...identityOf(service),
    ...networkingOf(service, path, context),
    mounts: convertMounts(service, path, context),
    configs: convertFileReferences('configs', service, path, context),
    secrets: convertFileReferences('secrets', service, path, context),
    healthcheck: convertHealthcheck(service.healthcheck, [...path, 'healthcheck'], context),
    stopSignal: service.stop_signal,
    stopGraceMs: service.stop_grace_period ?? DEFAULT_STOP_GRACE_MS,
    ...processOf(service, path, context),
    ...securityOf(service, path, context),
    devices: convertDevices(service, path, context),
    deviceRequests: convertDeviceRequests(service, path, context),
    log: service.logging && compact({ driver: service.logging.driver, options: filled(service.logging.options) }),
  });
}

function identityOf(service: ComposeService) {
  return {
    workingDir: service.working_dir,
    user: service.user,
    groups: service.group_add,
    hostname: service.hostname,
    domainname: service.domainname,
  };
}

function networkingOf(service: ComposeService, path: Path, context: ConvertContext) {
  const dns = { servers: service.dns ?? [], search: service.dns_search ?? [], options: service.dns_opt ?? [] };
  for (const [index, server] of dns.servers.entries()) {
    if (!isIpAddress(server)) context.error([...path, 'dns', index], `"${server}" is not an IP address`);
  }
  const hasDns = service.dns !== undefined || service.dns_search !== undefined || service.dns_opt !== undefined;
  return {
    extraHosts: convertHosts(service, path, context),
    dns: hasDns ? dns : undefined,
    networkMode: convertNetworkMode(service, path, context),
  };
}

function convertHosts(service: ComposeService, path: Path, context: ConvertContext): string[] {
  return Object.entries(service.extra_hosts ?? {}).flatMap(([name, addresses]) =>
    addresses.map((written, index) => {
      const address = written.replace(/^\[(.*)\]$/, '$1');
      if (address !== 'host-gateway' && !isIpAddress(address))
        context.error([...path, 'extra_hosts', name, index], `"${written}" is neither an IP address nor host-gateway`);
      return `${name}:${address}`;
    }),
  );
}

function convertNetworkMode(service: ComposeService, path: Path, context: ConvertContext): 'host' | 'none' | undefined {
  const mode = service.network_mode;
  const place = [...path, 'network_mode'];
  if (mode === undefined || mode === 'bridge') return onlyHostNetwork(service, context);
  if (service.networks !== undefined) context.error(place, 'network_mode and networks exclude each other', 'keep one of them');
  if (mode === 'host' || mode === 'none') return mode;
  const isShared = mode.startsWith('service:') || mode.startsWith('container:');
  if (isShared)
    context.error(
      place,
      `"${mode}" cannot be honoured: tasks of two services need not run on one node`,
      'put both services into one network, where they reach each other by name',
    );
  else context.error(place, `"${mode}" is not one of host, none, bridge`);
  return undefined;
}

/** An external network named `host` or `none` is Docker's own, as stack files for Swarm have it. */
function onlyHostNetwork(service: ComposeService, context: ConvertContext): 'host' | 'none' | undefined {
  const keys = Object.keys(service.networks ?? {});
  const network = keys.length === 1 && keys[0] !== undefined ? context.model.networks?.[keys[0]] : undefined;
  const name = network?.external ? (network.name ?? keys[0]) : undefined;
  return name === 'host' || name === 'none' ? name : undefined;
}

function processOf(service: ComposeService, path: Path, context: ConvertContext) {
  return {
    init: service.init,
    tty: service.tty,
    stdinOpen: service.stdin_open,
    readOnly: service.read_only,
    shmBytes: service.shm_size,
    oomScoreAdj: service.oom_score_adj,
    oomKillDisable: service.oom_kill_disable,
    runtime: service.runtime,
    storageOptions: service.storage_opt && filled(service.storage_opt),
    sysctls: filled(service.sysctls),
    ulimits: convertUlimits(service, path, context),
  };
}

function convertUlimits(service: ComposeService, path: Path, context: ConvertContext): ContainerSpec['ulimits'] {
  return Object.entries(service.ulimits ?? {}).map(([name, { soft, hard }]) => {
    const isOver = hard !== UNLIMITED && (soft > hard || soft === UNLIMITED);
    if (isOver) context.error([...path, 'ulimits', name, 'soft'], `the soft limit (${soft}) is over the hard one (${hard})`);
    return { name, soft, hard };
  });
}

function securityOf(service: ComposeService, path: Path, context: ConvertContext) {
  return {
    privileged: service.privileged,
    capAdd: service.cap_add ?? [],
    capDrop: service.cap_drop ?? [],
    securityOpt: service.security_opt ?? [],
    deviceCgroupRules: service.device_cgroup_rules ?? [],
    ipc: convertNamespace('ipc', service.ipc, path, context),
    pid: convertNamespace('pid', service.pid ?? undefined, path, context),
    uts: convertNamespace('uts', service.uts, path, context),
    usernsMode: convertNamespace('userns_mode', service.userns_mode, path, context),
    cgroup: service.cgroup,
    cgroupParent: service.cgroup_parent,
  };
}

/** A namespace of another container is out of reach: it may run on another node. */
function convertNamespace(
  key: keyof typeof NAMESPACES,
  value: string | undefined,
  path: Path,
  context: ConvertContext,
): string | undefined {
  if (value === undefined || NAMESPACES[key].includes(value)) return value;
  const isShared = /^(service|container):/.test(value);
  const reason = isShared
    ? 'cannot be honoured: tasks of two services need not run on one node'
    : `is not one of ${NAMESPACES[key].join(', ')}`;
  context.error([...path, key], `"${value}" ${reason}`);
  return undefined;
}

function convertPullPolicy(policy: string | undefined, path: Path, context: ConvertContext): ContainerSpec['pullPolicy'] {
  const place = [...path, 'pull_policy'];
  switch (policy) {
    case undefined:
    case 'missing':
    case 'if_not_present':
      return 'missing';
    case 'always':
    case 'never':
      return policy;
    case 'build':
      context.warn(place, 'nothing is built: the image is pulled when it is missing', 'build and push the image before the deploy');
      return 'missing';
    default:
      if (!/^(refresh|daily|weekly|every_(\d+[wdhms])+)$/.test(policy))
        context.error(place, `"${policy}" is not one of always, never, missing, if_not_present, build, daily, weekly, every_<duration>`);
      else context.warn(place, 'the image is pulled at each start of a task: time between pulls is not kept');
      return 'always';
  }
}
