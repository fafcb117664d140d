import assert from 'node:assert/strict';
import type { ServiceSpec } from '../../spec/index.js';
import { defaultService, MAX_SECRET_BYTES } from '../../spec/index.js';
import { faultsOf, load, serviceOf, web } from '../fixture.test.js';

const serviceWith = async (lines: string, rest = '') => serviceOf(await load(web(lines) + rest));

describe('A service with only its image said', () => {
  it("has Swarm's defaults and joins the stack's default network under its own name", async () => {
    const { stack } = await load('services: {web: {image: nginx}}');
    const expected = defaultService('p_web', 'nginx');
    const networks = [{ network: 'p_default', aliases: ['web'] }];
    assert.deepEqual(stack.services, [{ ...expected, stack: 'p', template: { ...expected.template, networks } }]);
    assert.deepEqual(stack.networks, [
      { name: 'p_default', stack: 'p', labels: {}, driver: 'overlay', driverOptions: {}, internal: false, attachable: false, ipv6: false },
    ]);
  });
});

/** What a file says, which part of the service it shows in, and what that part then is. */
type Row = [lines: string, part: (service: ServiceSpec) => unknown, value: unknown];

const RESTART: Row[] = [
  ['restart: "no"', ({ template }) => template.restart.condition, 'none'],
  ['restart: always', ({ template }) => template.restart.condition, 'any'],
  ['restart: unless-stopped', ({ template }) => template.restart.condition, 'any'],
  ['restart: on-failure', ({ template }) => template.restart, { condition: 'on-failure', delayMs: 5000, maxAttempts: 0, windowMs: 0 }],
  ['restart: on-failure:3', ({ template }) => template.restart.maxAttempts, 3],
  [
    'deploy: {restart_policy: {condition: any, delay: 1s, max_attempts: 2, window: 1m}}',
    ({ template }) => template.restart,
    { condition: 'any', delayMs: 1000, maxAttempts: 2, windowMs: 60_000 },
  ],
  ['deploy: {mode: replicated-job, restart_policy: {condition: any}}', ({ template }) => template.restart.condition, 'on-failure'],
  ['deploy: {mode: global-job}', ({ template }) => template.restart.condition, 'on-failure'],
  ['deploy: {mode: replicated-job, restart_policy: {condition: none}}', ({ template }) => template.restart.condition, 'none'],
];

const EXTENSION: Row[] = [
  ['x-progress-deadline: 5m', ({ progressDeadlineMs }) => progressDeadlineMs, 300_000],
  ['x-progress-deadline: 0s', ({ progressDeadlineMs }) => progressDeadlineMs, 0],
  ['x-canary: 2', ({ canary }) => canary, { count: 2 }],
  ['x-canary: 10%', ({ canary }) => canary, { percent: 10 }],
  ['x-reload-signal: hup\nsecrets: []', ({ template }) => template.reload, { signal: 'SIGHUP' }],
  ['x-reload-command: nginx -s "reload"', ({ template }) => template.reload, { command: ['nginx', '-s', 'reload'] }],
  ['x-reload-command: [caddy, reload]', ({ template }) => template.reload, { command: ['caddy', 'reload'] }],
  ['x-mine: {free: true}', ({ canary }) => canary, undefined],
];

const MODE: Row[] = [
  ['scale: 4', ({ mode }) => mode, { kind: 'replicated', replicas: 4 }],
  ['deploy: {replicas: 0}', ({ mode }) => mode, { kind: 'replicated', replicas: 0 }],
  ['deploy: {replicas: "2"}', ({ mode }) => mode, { kind: 'replicated', replicas: 2 }],
  ['deploy: {mode: global}', ({ mode }) => mode, { kind: 'global' }],
  ['deploy: {mode: replicated-job, replicas: 3}', ({ mode }) => mode, { kind: 'replicated-job', completions: 3, concurrency: 3 }],
  ['deploy: {mode: global-job}', ({ mode }) => mode, { kind: 'global-job' }],
  [
    'deploy: {mode: replicated-job}\nx-schedule: "0 3 * * *"',
    ({ schedule }) => schedule,
    { cron: '0 3 * * *', timezone: 'UTC', concurrency: 'forbid', missed: 'run-once', history: 10 },
  ],
  [
    'deploy: {mode: global-job}\nx-schedule: {cron: "@daily", timezone: Europe/Berlin, concurrency: replace, missed: skip, starting_deadline: 5m, history: 3}',
    ({ schedule }) => schedule,
    { cron: '@daily', timezone: 'Europe/Berlin', concurrency: 'replace', missed: 'skip', startingDeadlineMs: 300_000, history: 3 },
  ],
  ['deploy: {mode: replicated-job}\nx-schedule: "@daily"', ({ template }) => template.restart.maxAttempts, 6],
  ['x-rebalance: on', ({ rebalance }) => rebalance, { budget: 1 }],
  ['x-rebalance: off', ({ rebalance }) => rebalance, undefined],
  ['x-rebalance: {budget: 3}', ({ rebalance }) => rebalance, { budget: 3 }],
  [
    'x-autoscale: {max: 5, cpu: 60%}',
    ({ autoscale }) => autoscale,
    { min: 1, max: 5, cpuPercent: 60, cooldown: { upMs: 30_000, downMs: 300_000 } },
  ],
  [
    'mem_limit: 1g\nx-autoscale: {min: 2, max: 5, cpu: 60%, memory: 70%, cooldown: {up: 1m, down: 10m}}',
    ({ autoscale }) => autoscale,
    { min: 2, max: 5, cpuPercent: 60, memoryPercent: 70, cooldown: { upMs: 60_000, downMs: 600_000 } },
  ],
  [
    'deploy: {mode: replicated-job, restart_policy: {max_attempts: 0}}\nx-schedule: "@daily"',
    ({ template }) => template.restart.maxAttempts,
    0,
  ],
  ['deploy:', ({ mode }) => mode, { kind: 'replicated', replicas: 1 }],
];

const RESOURCES: Row[] = [
  ['cpus: 1.5', ({ template }) => template.limits.nanoCpus, 1_500_000_000],
  ['cpu_quota: 50000', ({ template }) => template.limits.nanoCpus, 500_000_000],
  ['cpu_quota: 50000\ncpu_period: 25000', ({ template }) => template.limits.nanoCpus, 2_000_000_000],
  ['cpus: "0"', ({ template }) => template.limits, {}],
  ['mem_limit: 64m\nmemswap_limit: -1', ({ template }) => template.limits, { memoryBytes: 67_108_864, memorySwapBytes: -1 }],
  [
    'deploy: {resources: {limits: {cpus: "0.25", memory: 50M, pids: 10}}}',
    ({ template }) => template.limits,
    { nanoCpus: 250_000_000, memoryBytes: 52_428_800, pids: 10 },
  ],
  ['mem_reservation: 32m', ({ template }) => template.reservations.memoryBytes, 33_554_432],
];

const DEPLOY: Row[] = [
  [
    'deploy: {update_config: {parallelism: 0, order: start-first}}',
    ({ update }) => [update.parallelism, update.order, update.monitorMs],
    [0, 'start-first', 5000],
  ],
  [
    'deploy: {rollback_config: {delay: 2s, failure_action: continue}}',
    ({ rollback }) => [rollback.delayMs, rollback.failureAction],
    [2000, 'continue'],
  ],
  ['x-partition: stop', ({ template }) => template.partition, 'stop'],
  ['x-partition: keep', ({ template }) => template.partition, undefined],
  [
    'x-tolerations: [dedicated=db:no-schedule, {key: gpu}, "*"]',
    ({ placement }) => placement.tolerations,
    [{ key: 'dedicated', value: 'db', effect: 'no-schedule' }, { key: 'gpu' }, {}],
  ],
  [
    'x-affinity: {near: [{labels: [tier=cache], topology: node.labels.zone, weight: 50}], apart: [web], nodes: [{constraint: "node.labels.disk == ssd", weight: 5}]}',
    ({ placement }) => placement.affinity,
    {
      near: [{ labels: { tier: 'cache' }, topology: 'node.labels.zone', weight: 50 }],
      apart: [{ service: 'p_web', topology: 'node.id' }],
      nodes: [{ constraint: 'node.labels.disk==ssd', weight: 5 }],
    },
  ],
  ['x-priority: -5', ({ placement }) => placement.priority, -5],
  ['x-strategy: binpack', ({ placement }) => placement.strategy, 'binpack'],
  [
    'deploy: {placement: {constraints: ["node.role == worker", node.labels.zone!=a]}}',
    ({ placement }) => placement.constraints,
    ['node.role==worker', 'node.labels.zone!=a'],
  ],
  [
    'deploy: {placement: {preferences: [{spread: node.labels.zone}, {spread: node.labels.rack}]}}',
    ({ placement }) => placement.preferences.map(({ spread }) => spread),
    ['node.labels.zone', 'node.labels.rack'],
  ],
  ['deploy: {labels: {a: 1}}\nlabels: [b=2]', ({ labels, template }) => [labels, template.container.labels], [{ a: '1' }, { b: '2' }]],
  ['platform: linux/amd64', ({ placement }) => placement.platforms, [{ os: 'linux', architecture: 'amd64' }]],
  ['platform: windows', ({ placement }) => placement.platforms, [{ os: 'windows' }]],
  ['deploy: {endpoint_mode: dnsrr}', ({ endpointMode }) => endpointMode, 'dnsrr'],
  ['x-sticky: true', ({ sticky }) => sticky, {}],
  ['x-sticky: 30m', ({ sticky }) => sticky, { keepMs: 1_800_000 }],
  ['x-sticky: false', ({ sticky }) => sticky, undefined],
  ['x-publish-not-ready: true', ({ publishNotReady }) => publishNotReady, true],
  ['x-drain: 5s', ({ drainMs }) => drainMs, 5_000],
];

const PORTS: Row[] = [
  ['ports: ["80"]', ({ ports }) => ports, [{ protocol: 'tcp', target: 80, mode: 'ingress' }]],
  ['ports: [80]', ({ ports }) => ports, [{ protocol: 'tcp', target: 80, mode: 'ingress' }]],
  ['ports: ["8080:80/UDP"]', ({ ports }) => ports, [{ protocol: 'udp', target: 80, published: 8080, mode: 'ingress' }]],
  [
    'ports: ["8000-8001:90-91"]',
    ({ ports }) => ports.map((port) => [port.published, port.target]),
    [
      [8000, 90],
      [8001, 91],
    ],
  ],
  ['ports: ["127.0.0.1:8080:80"]', ({ ports }) => [ports[0]?.hostIp, ports[0]?.published], ['127.0.0.1', 8080]],
  ['ports: ["0.0.0.0:8080:80"]', ({ ports }) => ports[0]?.hostIp, undefined],
  ['ports: ["127.0.0.1::80"]', ({ ports }) => [ports[0]?.hostIp, ports[0]?.published], ['127.0.0.1', undefined]],
  ['ports: ["[FD00::5]:8080:80"]', ({ ports }) => [ports[0]?.hostIp, ports[0]?.published, ports[0]?.target], ['fd00::5', 8080, 80]],
  ['ports: ["[::]:8080:80"]', ({ ports }) => [ports[0]?.hostIp, ports[0]?.published], [undefined, 8080]],
  ['ports: [{target: 80, published: 80, mode: host, host_ip: "::1"}]', ({ ports }) => ports[0]?.hostIp, '::1'],
  [
    'ports: [{target: 80, published: "8080", mode: host, protocol: udp, name: dns}]',
    ({ ports }) => ports,
    [{ protocol: 'udp', target: 80, published: 8080, mode: 'host', name: 'dns' }],
  ],
  ['ports: [{target: 80, published: 0}]', ({ ports }) => ports, [{ protocol: 'tcp', target: 80, mode: 'ingress' }]],
];

const CONTAINER: Row[] = [
  ["command: sh -c 'a b'", ({ template }) => template.container.args, ['sh', '-c', 'a b']],
  ['command: [a b, c]', ({ template }) => template.container.args, ['a b', 'c']],
  ['command:', ({ template }) => template.container.args, undefined],
  ['entrypoint: /run me', ({ template }) => template.container.command, ['/run', 'me']],
  ['healthcheck: {disable: true}', ({ template }) => template.container.healthcheck, { test: ['NONE'] }],
  ['healthcheck: {test: NONE}', ({ template }) => template.container.healthcheck?.test, ['CMD-SHELL', 'NONE']],
  ['healthcheck: {test: [NONE]}', ({ template }) => template.container.healthcheck?.test, ['NONE']],
  [
    'healthcheck: {interval: 1m, retries: 5}',
    ({ template }) => template.container.healthcheck,
    { test: [], intervalMs: 60_000, retries: 5 },
  ],
  ['pull_policy: if_not_present', ({ template }) => template.container.pullPolicy, 'missing'],
  ['pull_policy: never', ({ template }) => template.container.pullPolicy, 'never'],
  ['network_mode: none', ({ template }) => [template.container.networkMode, template.networks], ['none', []]],
  ['network_mode: bridge', ({ template }) => template.networks.map(({ network }) => network), ['p_default']],
  ['hostname: "{{.Service.Name}}-{{ .Task.Slot }}"', ({ template }) => template.container.hostname, '{{.Service.Name}}-{{ .Task.Slot }}'],
  [
    'extra_hosts: {a: 1.2.3.4, b: [5.6.7.8, host-gateway]}',
    ({ template }) => template.container.extraHosts,
    ['a:1.2.3.4', 'b:5.6.7.8', 'b:host-gateway'],
  ],
  ['user: 1000', ({ template }) => template.container.user, '1000'],
  ['volumes: ["/data"]', ({ template }) => template.container.mounts, [{ type: 'volume', target: '/data' }]],
  ['volumes: ["./a:/a:ro,z"]', ({ template }) => template.container.mounts[0]?.source, '/p/a'],
  ['volumes: ["C:\\\\data:/a"]', ({ template }) => template.container.mounts[0]?.source, 'C:\\data'],
  [
    'volumes: [{type: bind, source: ../x, target: /x}]',
    ({ template }) => template.container.mounts[0],
    { type: 'bind', source: '/x', target: '/x', bind: { createHostPath: true } },
  ],
  [
    'volumes: [{type: image, source: data:1, target: /d, image: {subpath: sub}}]',
    ({ template }) => template.container.mounts[0],
    { type: 'image', source: 'data:1', target: '/d', volume: { subpath: 'sub' } },
  ],
];

for (const [topic, rows] of Object.entries({
  restarts: RESTART,
  mode: MODE,
  extension: EXTENSION,
  resources: RESOURCES,
  deployment: DEPLOY,
  ports: PORTS,
  container: CONTAINER,
})) {
  describe(`What a file says about ${topic} is carried out`, () => {
    for (const [lines, part, value] of rows) {
      it(lines.replaceAll('\n', ', '), async () => assert.deepEqual(part(await serviceWith(lines)), value));
    }
  });
}

describe('What belongs to others', () => {
  it('is used by its own name: a network, a volume, a config', async () => {
    const file = web('networks: [out]\nvolumes: ["ext:/e", "own:/o"]\nconfigs: [c]');
    const rest =
      'networks:\n  out: {external: true, name: shared}\nvolumes:\n  ext: {external: {name: their-volume}}\n  own: {name: my-volume}\nconfigs:\n  c: {external: true}\n';
    const loaded = await load(file + rest);
    const { container, networks, fileHashes } = serviceOf(loaded).template;
    assert.deepEqual(
      networks.map(({ network }) => network),
      ['shared'],
    );
    assert.deepEqual(
      container.mounts.map(({ source }) => source),
      ['their-volume', 'my-volume'],
    );
    assert.deepEqual([container.configs[0]?.source, fileHashes], ['c', {}]);
    assert.deepEqual([loaded.stack.networks, loaded.stack.configs], [[], []]);
  });

  it("is Docker's own network of the host when it is named so", async () => {
    const { template } = await serviceWith('networks: [hostnet]', 'networks:\n  hostnet: {external: true, name: host}\n');
    assert.deepEqual([template.container.networkMode, template.networks], ['host', []]);
  });
});

describe('A network', () => {
  const network = async (text: string) => (await load(`${web('networks: [n]')}networks:\n  n: ${text}\n`)).stack.networks[0];

  it('has IPv6 when it asks for it, with a subnet of its own or none', async () => {
    const asked = await network('{enable_ipv6: true}');
    assert.deepEqual([asked?.ipv6, asked?.subnet, asked?.subnet6], [true, undefined, undefined]);
    const own = await network('{enable_ipv6: true, ipam: {config: [{subnet: "fd00:20::/64"}, {subnet: 10.9.0.0/16}]}}');
    assert.deepEqual([own?.ipv6, own?.subnet, own?.subnet6], [true, '10.9.0.0/16', 'fd00:20::/64']);
    assert.equal((await network('{}'))?.ipv6, false);
  });
});

describe('A link', () => {
  it('makes its alias a name of the linked service where both can reach each other', async () => {
    const networks = 'networks:\n  a:\n  b:\n';
    const loaded = await load(
      `services:\n  web: {image: w, links: ["db:mysql", db], networks: [a]}\n  db: {image: d, networks: [a, b]}\n${networks}`,
    );
    assert.deepEqual(
      serviceOf(loaded, 'p_db').template.networks.map(({ aliases }) => aliases),
      [['db', 'mysql'], ['db']],
    );
    assert.deepEqual(loaded.warnings, [
      "compose.yml:2:19: warning: services.web.links: gives names only: it sets no order of start\n  cure: use 'depends_on:' for the order",
    ]);
  });
});

describe('A config', () => {
  const hash = async (content: string) => (await serviceWith('configs: [c]', `configs:\n  c: {content: ${content}}\n`)).template.fileHashes;

  it('with new content makes a new template', async () => {
    assert.deepEqual(await hash('a'), await hash('a'));
    assert.notDeepEqual(await hash('a'), await hash('b'));
  });

  it('may hold any bytes', async () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const { stack } = await load({ 'compose.yml': `${web('configs: [c]')}configs:\n  c: {file: ./bin}\n`, bin: bytes });
    assert.deepEqual(new Uint8Array(Buffer.from(stack.configs[0]?.data ?? '', 'base64')), bytes);
  });
});

describe('A secret over its bound', () => {
  it('is refused with its size', async () => {
    const files = {
      'compose.yml': 'services: {web: {image: a, secrets: [s]}}\nsecrets:\n  s: {file: s}\n',
      s: new Uint8Array(MAX_SECRET_BYTES + 1),
    };
    assert.deepEqual(await faultsOf(files), ['compose.yml:3:3: error: secrets.s: holds 512001 bytes; a secret holds 512000 at most']);
  });
});

describe('What cannot be honoured is named', () => {
  const rows: [lines: string, warning: string][] = [
    ['build: .', 'services.web.build: nothing is built: the service runs its image'],
    [
      'container_name: x',
      'services.web.container_name: is ignored: containers are named after their tasks; the service is reached by its own name',
    ],
    [
      'networks: {default: {ipv4_address: 10.0.0.9}}',
      "services.web.networks.default.ipv4_address: is ignored: tasks get their addresses from their node's part of the network; services of one network reach each other by name",
    ],
    ['pull_policy: daily', 'services.web.pull_policy: the image is pulled at each start of a task: time between pulls is not kept'],
    ['tmpfs: /run:noexec', "services.web.tmpfs[0]: the tmpfs option 'noexec' is not set"],
    ['volumes: ["/a:/b:Z"]', "services.web.volumes[0]: the SELinux label 'Z' is not set"],
    [
      'network_mode: host\nports: ["80:80"]',
      'services.web.ports: ports are not published with network_mode: host: the service listens on the node itself',
    ],
    ['restart: always\ndeploy: {restart_policy: {condition: none}}', 'services.web.restart: deploy.restart_policy takes its place'],
    [
      'post_start: [{command: x}]',
      'services.web.post_start: is ignored: hooks are not run: put the command into the image, or into a service of its own with mode: replicated-job',
    ],
    ['develop: {watch: [{path: ., action: rebuild}]}', 'services.web.develop: is ignored: it is for development on one machine'],
  ];
  for (const [lines, warning] of rows) {
    it(lines.replaceAll('\n', ', '), async () => {
      const { warnings } = await load(web(lines));
      assert.deepEqual(
        warnings.map((text) => text.split('\n')[0]?.replace(/^compose\.yml:\d+:\d+: warning: /, '')),
        [warning],
      );
    });
  }

  it('a dependency on a job that runs by a schedule: it may take long', async () => {
    const job =
      'services:\n  web: {image: nginx, depends_on: [backup]}\n  backup: {image: b, deploy: {mode: replicated-job}, x-schedule: "@daily"}\n';
    const { warnings } = await load(job);
    assert.match(warnings.join(), /services.web.depends_on.backup: 'backup' runs by a schedule: this waits until its first run/);
  });
});
