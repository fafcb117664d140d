/** What becomes of a key: carried out, carried out but for what the note says, named in a warning, or named in an error. */
export type SupportStatus = 'honoured' | 'partly' | 'ignored' | 'refused';

export interface SupportRow {
  /** Path in the file: `*` is a name that the author gives, `[]` an item of a list. */
  key: string;
  status: SupportStatus;
  note?: string;
}

/** One row for each of the keys, given as words, below a path. */
function rows(status: SupportStatus, below: string, keys: string, note?: string): SupportRow[] {
  return keys.split(/\s+/).map((key) => ({ key: below === '' ? key : `${below}.${key}`, status, ...(note !== undefined && { note }) }));
}

const SERVICE = 'services.*';
const NOT_BUILT = 'Nothing is built: build and push the image before the deploy.';
const BY_NAME = 'services of one network reach each other by name';

const TOP_LEVEL: readonly SupportRow[] = [
  ...rows('ignored', '', 'version', 'the key is obsolete; the whole current specification is read in any case'),
  ...rows('honoured', '', 'name include services services.* networks networks.* volumes volumes.* configs configs.* secrets secrets.*'),
  ...rows('honoured', 'include[]', 'path env_file project_directory'),
  ...rows('ignored', '', 'models', 'Tessera runs no language models; a service that asks for one is refused'),
  ...rows('ignored', 'models', '*', 'Tessera runs no language models'),
  ...rows('ignored', 'models.*', 'name model context_size runtime_flags', 'Tessera runs no language models'),
];

const NETWORKS: readonly SupportRow[] = [
  ...rows('honoured', 'networks.*', 'name internal attachable labels external external.name enable_ipv6'),
  ...rows('partly', 'networks.*', 'driver', 'overlay (the default), bridge, host, none; others are refused.'),
  ...rows('honoured', 'networks.*', 'ipam ipam.config'),
  ...rows(
    'partly',
    'networks.*',
    'driver_opts',
    '`com.docker.network.driver.mtu`, `encrypted` and `com.docker.network.bridge.enable_icc`; other options of an overlay have no effect.',
  ),
  ...rows('partly', 'networks.*', 'ipam.driver', "Only 'default'."),
  ...rows(
    'partly',
    'networks.*',
    'ipam.config[].subnet',
    'One IPv4 subnet, and with `enable_ipv6` one IPv6 subnet, which has an address for each of IPv4: /64 is usual.',
  ),
  ...rows(
    'ignored',
    'networks.*.ipam.config[]',
    'ip_range gateway aux_addresses',
    "each node's part of the subnet and its gateway are chosen by the manager",
  ),
  ...rows('ignored', 'networks.*.ipam', 'options', 'addresses are given out by Tessera'),
  ...rows('partly', 'networks.*', 'enable_ipv4', 'A network without IPv4 is refused.'),
];

const RESOURCES: readonly SupportRow[] = [
  ...rows('honoured', 'volumes.*', 'name driver driver_opts external external.name labels'),
  ...rows('honoured', 'configs.*', 'name content environment file external external.name labels'),
  ...rows('honoured', 'secrets.*', 'name environment file external external.name labels'),
  ...rows('refused', 'configs.*', 'template_driver', 'the content of configs is not a template'),
  ...rows('refused', 'secrets.*', 'template_driver', 'the content of secrets is not a template'),
  ...rows('refused', 'secrets.*', 'driver driver_opts', 'secrets are kept by Tessera itself; there are no secret drivers'),
];

const CONTAINER: readonly SupportRow[] = [
  ...rows(
    'honoured',
    SERVICE,
    'image command entrypoint environment labels label_file working_dir user group_add hostname domainname platform',
  ),
  ...rows('honoured', SERVICE, 'env_file env_file[].path env_file[].format env_file[].required'),
  ...rows(
    'honoured',
    SERVICE,
    'init tty stdin_open read_only privileged cap_add cap_drop security_opt device_cgroup_rules sysctls shm_size',
  ),
  ...rows(
    'honoured',
    SERVICE,
    'ulimits ulimits.*.soft ulimits.*.hard uts userns_mode cgroup cgroup_parent runtime storage_opt oom_kill_disable oom_score_adj',
  ),
  ...rows('partly', SERVICE, 'ipc pid', "Not 'service:' and 'container:': tasks of two services need not run on one node."),
  ...rows('honoured', SERVICE, 'devices devices[].source devices[].target devices[].permissions'),
  ...rows('honoured', SERVICE, 'gpus gpus[].capabilities gpus[].count gpus[].device_ids gpus[].driver gpus[].options'),
  ...rows('honoured', SERVICE, 'logging logging.driver logging.options stop_signal stop_grace_period extra_hosts dns dns_opt dns_search'),
  ...rows('honoured', SERVICE, 'healthcheck healthcheck.disable healthcheck.test healthcheck.interval healthcheck.timeout'),
  ...rows('honoured', SERVICE, 'healthcheck.retries healthcheck.start_period healthcheck.start_interval'),
  ...rows(
    'partly',
    SERVICE,
    'pull_policy',
    'daily, weekly, every_… and refresh pull at each start of a task; build pulls what is missing; both with a warning.',
  ),
  ...rows('honoured', SERVICE, 'configs configs[].source configs[].target configs[].uid configs[].gid configs[].mode'),
  ...rows('honoured', SERVICE, 'secrets secrets[].source secrets[].target secrets[].uid secrets[].gid secrets[].mode'),
];

const MOUNTS: readonly SupportRow[] = [
  ...rows('honoured', SERVICE, 'volumes volumes[].source volumes[].target volumes[].read_only volumes[].consistency'),
  ...rows('honoured', SERVICE, 'volumes[].bind volumes[].bind.propagation volumes[].bind.create_host_path volumes[].bind.recursive'),
  ...rows('partly', SERVICE, 'volumes[].type', "cluster is refused: such volumes are Swarm's own."),
  ...rows('partly', SERVICE, 'volumes[].bind.selinux', 'Warned of, not set: label the folder on the nodes.'),
  ...rows('honoured', SERVICE, 'volumes[].volume volumes[].volume.labels volumes[].volume.nocopy volumes[].volume.subpath'),
  ...rows('honoured', SERVICE, 'volumes[].tmpfs volumes[].tmpfs.size volumes[].tmpfs.mode volumes[].image volumes[].image.subpath'),
  ...rows('partly', SERVICE, 'tmpfs', 'The options size, mode, ro and rw; others with a warning.'),
  ...rows('refused', SERVICE, 'volumes_from', 'tasks of two services need not run on one node: name a volume and mount it in both'),
];

const NETWORKING: readonly SupportRow[] = [
  ...rows('honoured', SERVICE, 'ports ports[].name ports[].mode ports[].host_ip ports[].target ports[].published ports[].protocol'),
  ...rows('ignored', SERVICE, 'ports[].app_protocol', 'ports are passed on as they are, whatever is spoken on them'),
  ...rows('honoured', SERVICE, 'expose', 'Needs nothing: every port is open between services of one network.'),
  ...rows('honoured', SERVICE, 'networks networks.*.aliases'),
  ...rows(
    'ignored',
    SERVICE,
    'networks.*.ipv4_address networks.*.ipv6_address networks.*.link_local_ips',
    `tasks get their addresses from their node's part of the network; ${BY_NAME}`,
  ),
  ...rows(
    'ignored',
    SERVICE,
    'networks.*.mac_address networks.*.interface_name networks.*.driver_opts',
    'interfaces of tasks are set up by Tessera',
  ),
  ...rows('ignored', SERVICE, 'networks.*.priority networks.*.gw_priority', 'networks are joined in the order of their names'),
  ...rows(
    'partly',
    SERVICE,
    'network_mode',
    "host and none; bridge means the stack's default network; 'service:' and 'container:' are refused.",
  ),
  ...rows(
    'partly',
    SERVICE,
    'links',
    'A link makes its alias a name of the linked service on the networks that both join. It sets no order of start, which is warned of.',
  ),
  ...rows('ignored', SERVICE, 'external_links', 'services reach what lies outside the stack by the names of an external network'),
  ...rows('ignored', SERVICE, 'mac_address', 'interfaces of tasks are set up by Tessera'),
];

const DEPLOY: readonly SupportRow[] = [
  ...rows('honoured', SERVICE, 'deploy deploy.mode deploy.endpoint_mode deploy.replicas deploy.labels scale depends_on'),
  ...rows('honoured', SERVICE, 'depends_on.*.condition depends_on.*.required profiles extends extends.service extends.file'),
  ...['update_config', 'rollback_config'].flatMap((config) => [
    ...rows('honoured', `${SERVICE}.deploy`, config),
    ...rows('honoured', `${SERVICE}.deploy.${config}`, 'parallelism delay failure_action monitor max_failure_ratio order'),
  ]),
  ...rows(
    'honoured',
    `${SERVICE}.deploy`,
    'restart_policy restart_policy.condition restart_policy.delay restart_policy.max_attempts restart_policy.window',
  ),
  ...rows(
    'honoured',
    `${SERVICE}.deploy`,
    'placement placement.constraints placement.preferences placement.preferences[].spread placement.max_replicas_per_node',
  ),
  ...rows('honoured', SERVICE, 'depends_on.*.restart', 'After an update of the other service, not after a crash of it.'),
  ...rows('honoured', SERVICE, 'restart', "Unlike `docker stack deploy`, 'no' means no."),
];

/** Tessera's own keys. */
const EXTENSIONS: readonly SupportRow[] = [
  ...rows('honoured', SERVICE, 'x-sticky', 'true, or how long a client keeps its task though others are added, such as 30m.'),
  ...rows(
    'honoured',
    SERVICE,
    'x-http',
    'Requests for a host and path that the HTTP proxies send to the service; one rule or several. See [HTTP](http.md).',
  ),
  ...rows('honoured', `${SERVICE}.x-http`, 'host path strip_prefix protocol port tls tls.mode tls.cert tls.key network'),
  ...rows('honoured', `${SERVICE}.x-http[]`, 'host path strip_prefix protocol port tls tls.mode tls.cert tls.key network'),
  ...rows(
    'honoured',
    SERVICE,
    'x-reload-signal',
    'Such as SIGHUP: new content of configs and secrets is put in place and the signal sent, instead of new tasks.',
  ),
  ...rows('honoured', SERVICE, 'x-reload-command', 'The same by a command that is run in the container, and must end with 0.'),
  ...rows('honoured', SERVICE, 'x-publish-not-ready', 'true: names also tell tasks that are not healthy yet.'),
  ...rows('honoured', SERVICE, 'x-drain', 'How long a leaving task waits for its open connections before it gets its stop signal. 1s.'),
  ...rows('honoured', SERVICE, 'x-canary', "A number of tasks or '10%': an update replaces so many and waits for `tsctl update promote`."),
  ...rows(
    'honoured',
    SERVICE,
    'x-progress-deadline',
    'An update whose new task has not come up after so long has failed; 10m unless given, 0s: never.',
  ),
  ...rows(
    'honoured',
    SERVICE,
    'x-partition',
    '`stop`: never two tasks of a slot run, also when a node is cut off: see [operations](operations.md#fencing).',
  ),
  ...rows(
    'honoured',
    SERVICE,
    'x-affinity',
    'Near to and apart from tasks of services, and nodes that are wished for: see [scheduling](scheduling.md#affinity).',
  ),
  ...['near', 'apart'].flatMap((key) => [
    ...rows('honoured', `${SERVICE}.x-affinity`, key),
    ...rows('honoured', `${SERVICE}.x-affinity.${key}[]`, 'service labels topology weight'),
  ]),
  ...rows('honoured', `${SERVICE}.x-affinity`, 'nodes nodes[].constraint nodes[].weight'),
  ...rows('honoured', SERVICE, 'x-priority', 'From -1000 to 1000, 0 unless told otherwise: see [scheduling](scheduling.md#priorities).'),
  ...rows('honoured', SERVICE, 'x-strategy', 'spread (the default) or binpack: see [scheduling](scheduling.md#what-is-best).'),
  ...rows('honoured', SERVICE, 'x-tolerations', 'Taints of nodes that the tasks put up with: see [scheduling](scheduling.md).'),
  ...rows('honoured', SERVICE, 'x-tolerations[].key x-tolerations[].value x-tolerations[].effect'),
  ...rows('honoured', SERVICE, 'x-autoscale', 'The number of tasks follows what they use. See [autoscaling](autoscaling.md).'),
  ...rows('honoured', `${SERVICE}.x-autoscale`, 'min max cpu memory cooldown cooldown.up cooldown.down'),
  ...rows(
    'honoured',
    SERVICE,
    'x-rebalance',
    'on, off (the default), or a map with the number of tasks that may move at a time. See [scheduling](scheduling.md).',
  ),
  ...rows('honoured', `${SERVICE}.x-rebalance`, 'budget'),
  ...rows('honoured', SERVICE, 'x-schedule', 'When a job runs: a cron schedule as text, or a map with it. See [jobs](jobs.md).'),
  ...rows('honoured', `${SERVICE}.x-schedule`, 'cron timezone concurrency missed starting_deadline history'),
];

const LIMITS: readonly SupportRow[] = [
  ...rows(
    'honoured',
    `${SERVICE}.deploy`,
    'resources resources.limits resources.limits.cpus resources.limits.memory resources.limits.pids',
  ),
  ...rows('honoured', `${SERVICE}.deploy.resources`, 'reservations reservations.cpus reservations.memory reservations.generic_resources'),
  ...rows(
    'honoured',
    `${SERVICE}.deploy.resources.reservations.generic_resources[]`,
    'discrete_resource_spec discrete_resource_spec.kind discrete_resource_spec.value',
  ),
  ...rows(
    'honoured',
    `${SERVICE}.deploy.resources.reservations`,
    'devices devices[].capabilities devices[].count devices[].device_ids devices[].driver devices[].options',
  ),
  ...rows('honoured', SERVICE, 'cpus cpu_shares cpuset mem_limit mem_reservation mem_swappiness memswap_limit pids_limit'),
  ...rows('honoured', SERVICE, 'cpu_quota cpu_period', 'Carried out as a limit of cpus: quota / period.'),
  ...rows('honoured', SERVICE, 'blkio_config blkio_config.weight'),
  ...rows(
    'ignored',
    `${SERVICE}.blkio_config`,
    'weight_device device_read_bps device_read_iops device_write_bps device_write_iops',
    'devices differ from node to node: only blkio_config.weight is set',
  ),
  ...rows('ignored', `${SERVICE}.blkio_config`, 'weight_device[].path weight_device[].weight', 'See weight_device.'),
  ...['device_read_bps', 'device_read_iops', 'device_write_bps', 'device_write_iops'].flatMap((key) =>
    rows('ignored', `${SERVICE}.blkio_config.${key}[]`, 'path rate', `See ${key}.`),
  ),
  ...rows('ignored', SERVICE, 'cpu_rt_period cpu_rt_runtime', 'real-time scheduling is not set: nodes need a kernel made for it'),
  ...rows('ignored', SERVICE, 'cpu_count cpu_percent isolation', 'it is for Windows nodes only'),
  ...rows('refused', SERVICE, 'credential_spec', 'it is for Windows nodes only'),
  ...rows('refused', `${SERVICE}.credential_spec`, 'config file registry', 'it is for Windows nodes only'),
];

const LOCAL_USE: readonly SupportRow[] = [
  ...rows('partly', SERVICE, 'build', `Without an image it is an error, else a warning. ${NOT_BUILT}`),
  ...rows(
    'partly',
    `${SERVICE}.build`,
    'context dockerfile dockerfile_inline entitlements args ssh labels cache_from cache_to no_cache no_cache_filter additional_contexts network',
    NOT_BUILT,
  ),
  ...rows(
    'partly',
    `${SERVICE}.build`,
    'provenance sbom pull target shm_size extra_hosts isolation privileged secrets tags ulimits platforms',
    NOT_BUILT,
  ),
  ...rows(
    'partly',
    `${SERVICE}.build`,
    'secrets[].source secrets[].target secrets[].uid secrets[].gid secrets[].mode ulimits.*.soft ulimits.*.hard',
    NOT_BUILT,
  ),
  ...rows('ignored', SERVICE, 'container_name', 'containers are named after their tasks; the service is reached by its own name'),
  ...rows('ignored', SERVICE, 'annotations', 'the container engines of the nodes need not know them; use labels'),
  ...rows('ignored', SERVICE, 'attach', "it is about the output of `docker compose up`; see 'tsctl service logs'"),
  ...rows('ignored', SERVICE, 'pull_refresh_after', 'time between pulls is not kept'),
  ...rows('ignored', SERVICE, 'develop', 'it is for development on one machine'),
  ...rows(
    'ignored',
    `${SERVICE}.develop`,
    'watch watch[].path watch[].action watch[].target watch[].ignore watch[].include watch[].exec watch[].initial_sync',
    'See develop.',
  ),
  ...rows('ignored', `${SERVICE}.develop.watch[].exec`, 'command user privileged working_dir environment', 'See develop.'),
  ...rows('refused', SERVICE, 'provider', 'the service would be run by a program outside the cluster'),
  ...rows('refused', `${SERVICE}.provider`, 'type options', 'See provider.'),
  ...rows('refused', SERVICE, 'models', 'Tessera runs no language models: run one as a service and name it in the environment'),
  ...rows('refused', `${SERVICE}.models.*`, 'endpoint_var model_var', 'See models.'),
  ...rows('refused', SERVICE, 'use_api_socket', "mount /var/run/docker.sock under 'volumes:' instead, where it is plain to see"),
  ...['post_start', 'pre_stop'].flatMap((hook) => [
    ...rows(
      'ignored',
      SERVICE,
      hook,
      'hooks are not run: put the command into the image, or into a service of its own with mode: replicated-job',
    ),
    ...rows('ignored', `${SERVICE}.${hook}[]`, 'command user privileged working_dir environment', `See ${hook}.`),
  ]),
];

/**
 * What Tessera makes of every key of the Compose specification. The loader takes its warnings and errors about ignored and refused keys
 * from here, and docs/compose.md is this table.
 */
export const SUPPORT: readonly SupportRow[] = [
  ...TOP_LEVEL,
  ...CONTAINER,
  ...MOUNTS,
  ...NETWORKING,
  ...DEPLOY,
  ...LIMITS,
  ...LOCAL_USE,
  ...EXTENSIONS,
  ...NETWORKS,
  ...RESOURCES,
];
