import assert from 'node:assert/strict';
import type { ContainerSpec, Limits, TaskAssignment } from '@tessera/api';
import type { ContainerBody, HostConfig } from '../model/container-request.js';
import { assignmentOf } from '../testing/builders.js';
import { type ContainerContext, containerRequest } from './container-config.js';
import { SpecError } from './template.js';

const CONTEXT: ContainerContext = {
  clusterId: 'clu',
  node: { id: 'node1', hostname: 'alpha', os: 'linux', architecture: 'x86_64' },
  plugs: {
    n1: { dockerNetwork: 'ts-app', dnsServers: ['10.0.0.1'] },
    n2: { dockerNetwork: 'ts-db', dnsServers: ['10.1.0.1', '10.0.0.1'] },
  },
  filesFolder: '/run/tessera/files/t1',
};

function requestFor(container: Partial<ContainerSpec> = {}, change: Partial<TaskAssignment> = {}, limits: Limits = {}) {
  const assignment = assignmentOf(change);
  return containerRequest(
    { ...assignment, template: { ...assignment.template, limits, container: { ...assignment.template.container, ...container } } },
    CONTEXT,
  );
}

describe('containerRequest', () => {
  it('names and labels the container so that it can be found again', () => {
    const { name, body } = requestFor({ labels: { own: '1', 'tessera.task': 'forged' } }, { stack: 'shop' });
    assert.equal(name, 'shop_web.1.t1');
    assert.deepEqual(body.Labels, {
      own: '1',
      'tessera.cluster': 'clu',
      'tessera.node': 'node1',
      'tessera.task': 't1',
      'tessera.service': 's1',
      'tessera.service-name': 'shop_web',
      'tessera.spec-revision': '3',
      'tessera.stack': 'shop',
      'tessera.slot': '1',
    });
  });

  it('names the tasks of a global service after the node', () => {
    const { slot: _slot, ...global } = assignmentOf();
    assert.equal(containerRequest(global, CONTEXT).name, 'shop_web.node1.t1');
  });

  it('lets Docker neither restart the container nor fill the disk with its log', () => {
    const { HostConfig: host } = requestFor().body;
    assert.deepEqual(host.RestartPolicy, { Name: 'no' });
    assert.deepEqual(host.LogConfig, { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } });
  });

  const bodies: [string, Partial<ContainerSpec>, Partial<ContainerBody>][] = [
    ['command and args', { command: ['/a'], args: ['b'] }, { Entrypoint: ['/a'], Cmd: ['b'] }],
    [
      'user, folder, terminal',
      { user: '1:2', workingDir: '/w', tty: true, stdinOpen: true },
      { User: '1:2', WorkingDir: '/w', Tty: true, OpenStdin: true },
    ],
    ['stop signal and grace', { stopSignal: 'SIGINT', stopGraceMs: 1_200 }, { StopSignal: 'SIGINT', StopTimeout: 2 }],
    ['hostname', { hostname: 'web-{{.Task.Slot}}', domainname: 'd' }, { Hostname: 'web-1', Domainname: 'd' }],
    ['environment', { env: ['A={{ .Node.Hostname }}', 'B={{ x }}'] }, { Env: ['A=alpha', 'B={{ x }}'] }],
    [
      'health check',
      { healthcheck: { test: ['CMD', 'ok'], intervalMs: 2, timeoutMs: 3, startPeriodMs: 4, startIntervalMs: 5, retries: 6 } },
      { Healthcheck: { Test: ['CMD', 'ok'], Interval: 2e6, Timeout: 3e6, StartPeriod: 4e6, StartInterval: 5e6, Retries: 6 } },
    ],
    ["the image's own health check with other times", { healthcheck: { test: [], retries: 1 } }, { Healthcheck: { Retries: 1 } }],
  ];
  for (const [what, spec, expected] of bodies) {
    it(`passes on ${what}`, () => {
      const { body } = requestFor(spec);
      assert.deepEqual({ ...body, ...expected }, body);
    });
  }

  const hosts: [string, Partial<ContainerSpec>, Partial<HostConfig>, Limits?][] = [
    [
      'capabilities',
      { capAdd: ['NET_ADMIN'], capDrop: ['ALL'], privileged: true },
      { CapAdd: ['NET_ADMIN'], CapDrop: ['ALL'], Privileged: true },
    ],
    [
      'security',
      { readOnly: true, securityOpt: ['no-new-privileges'], groups: ['33'] },
      { ReadonlyRootfs: true, SecurityOpt: ['no-new-privileges'], GroupAdd: ['33'] },
    ],
    [
      'namespaces',
      { ipc: 'host', pid: 'host', uts: 'host', usernsMode: 'host', cgroup: 'private', cgroupParent: '/x' },
      { IpcMode: 'host', PidMode: 'host', UTSMode: 'host', UsernsMode: 'host', CgroupnsMode: 'private', CgroupParent: '/x' },
    ],
    [
      'init, runtime, shm',
      { init: true, runtime: 'runsc', shmBytes: 5, oomScoreAdj: 7, oomKillDisable: true },
      { Init: true, Runtime: 'runsc', ShmSize: 5, OomScoreAdj: 7, OomKillDisable: true },
    ],
    [
      'sysctls and ulimits',
      { sysctls: { a: '1' }, ulimits: [{ name: 'nofile', soft: 1, hard: 2 }] },
      { Sysctls: { a: '1' }, Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }] },
    ],
    [
      'devices',
      { devices: [{ source: '/dev/a', target: '/dev/b', permissions: 'r' }], deviceCgroupRules: ['c 1:3 r'] },
      { Devices: [{ PathOnHost: '/dev/a', PathInContainer: '/dev/b', CgroupPermissions: 'r' }], DeviceCgroupRules: ['c 1:3 r'] },
    ],
    [
      'GPUs',
      { deviceRequests: [{ driver: 'nvidia', count: -1, capabilities: [['gpu']] }] },
      { DeviceRequests: [{ Capabilities: [['gpu']], Driver: 'nvidia', Count: -1 }] },
    ],
    [
      'limits',
      {},
      { NanoCpus: 5e8, Memory: 64, PidsLimit: 9, MemorySwap: -1, CpuShares: 2, CpusetCpus: '0', BlkioWeight: 10, MemorySwappiness: 0 },
      { nanoCpus: 5e8, memoryBytes: 64, pids: 9, memorySwapBytes: -1, cpuShares: 2, cpuset: '0', blkioWeight: 10, memorySwappiness: 0 },
    ],
    [
      'its own log driver',
      { log: { driver: 'journald', options: { tag: 'x' } } },
      { LogConfig: { Type: 'journald', Config: { tag: 'x' } } },
    ],
    [
      'extra hosts and its own DNS',
      { extraHosts: ['a:1.2.3.4'], dns: { servers: ['9.9.9.9'], search: ['s'], options: ['o'] } },
      { ExtraHosts: ['a:1.2.3.4'], Dns: ['9.9.9.9'], DnsSearch: ['s'], DnsOptions: ['o'] },
    ],
  ];
  for (const [what, spec, expected, limits] of hosts) {
    it(`passes on ${what}`, () => {
      const host = requestFor(spec, {}, limits).body.HostConfig;
      assert.deepEqual({ ...host, ...expected }, host);
    });
  }

  it('plugs the container into its first network at creation and into the others before it starts, with their DNS', () => {
    const networks = ['n1', 'n2'].map((networkId) => ({ networkId, name: networkId, aliases: [] }));
    const { body, moreNetworks } = requestFor({}, { networks });
    assert.deepEqual(moreNetworks, ['ts-db']);
    assert.equal(body.HostConfig.NetworkMode, 'ts-app');
    assert.deepEqual(body.NetworkingConfig, { EndpointsConfig: { 'ts-app': {} } });
    assert.deepEqual(body.HostConfig.Dns, ['10.0.0.1', '10.1.0.1']);
    assert.equal(body.Labels['tessera.network.n2'], 'ts-db');
  });

  it('leaves networks and their DNS out in host mode', () => {
    const { body, moreNetworks } = requestFor({ networkMode: 'host' }, { networks: [{ networkId: 'n1', name: 'x', aliases: [] }] });
    assert.equal(body.HostConfig.NetworkMode, 'host');
    assert.deepEqual([moreNetworks, body.NetworkingConfig, body.HostConfig.Dns], [[], undefined, undefined]);
  });

  it('binds ports in host mode, and each address of the same port', () => {
    const port = { protocol: 'tcp' as const, target: 80, published: 8080, mode: 'host' as const };
    const { body } = requestFor({}, { hostPorts: [port, { ...port, hostIp: '127.0.0.1', published: 8081 }, { ...port, protocol: 'udp' }] });
    assert.deepEqual(body.HostConfig.PortBindings, {
      '80/tcp': [{ HostPort: '8080' }, { HostIp: '127.0.0.1', HostPort: '8081' }],
      '80/udp': [{ HostPort: '8080' }],
    });
    assert.deepEqual(body.ExposedPorts, { '80/tcp': {}, '80/udp': {} });
  });

  it('mounts volumes with driver, options and the label of the stack', () => {
    const volume = { noCopy: true, driver: 'nfs', driverOptions: { o: 'ro' }, labels: { a: 'b' } };
    const mounts = [{ type: 'volume' as const, source: 'data-{{.Task.Slot}}', target: '/d', readOnly: true, volume }];
    assert.deepEqual(requestFor({ mounts }, { stack: 'shop' }).body.HostConfig.Mounts, [
      {
        Type: 'volume',
        Source: 'data-1',
        Target: '/d',
        ReadOnly: true,
        VolumeOptions: { Labels: { a: 'b', 'tessera.stack': 'shop' }, NoCopy: true, DriverConfig: { Name: 'nfs', Options: { o: 'ro' } } },
      },
    ]);
  });

  it('has Docker refuse a missing bind source, unless it may create it', () => {
    const strict = { type: 'bind' as const, source: '/a', target: '/x', bind: { propagation: 'rslave' } };
    const lenient = { type: 'bind' as const, source: '/b', target: '/y', bind: { createHostPath: true } };
    const { Mounts, Binds } = requestFor({ mounts: [strict, lenient] }).body.HostConfig;
    assert.deepEqual(Mounts, [{ Type: 'bind', Source: '/a', Target: '/x', ReadOnly: false, BindOptions: { Propagation: 'rslave' } }]);
    assert.deepEqual(Binds, ['/b:/y:rw']);
  });

  it('mounts tmpfs with size and mode', () => {
    const mounts = [{ type: 'tmpfs' as const, target: '/t', tmpfs: { sizeBytes: 10, mode: 0o700 } }];
    assert.deepEqual(requestFor({ mounts }).body.HostConfig.Mounts, [
      { Type: 'tmpfs', Target: '/t', ReadOnly: false, TmpfsOptions: { SizeBytes: 10, Mode: 0o700 } },
    ]);
  });

  it('mounts each config and secret read-only from the folder of the task', () => {
    const file = { uid: '0', gid: '0', mode: 0o444 };
    const spec = {
      configs: [{ ...file, source: 'conf', target: '/etc/conf' }],
      secrets: [{ ...file, source: 'key', target: '/run/secrets/key' }],
    };
    const { Mounts } = requestFor(spec, { configIds: { conf: 'i1' }, secretIds: { key: 'i2' } }).body.HostConfig;
    assert.deepEqual(
      Mounts.map(({ Source, Target, ReadOnly }) => [Source, Target, ReadOnly]),
      [
        ['/run/tessera/files/t1/config-0', '/etc/conf', true],
        ['/run/tessera/files/t1/secret-0', '/run/secrets/key', true],
      ],
    );
    assert.throws(() => requestFor(spec), new SpecError('config "conf" does not exist'));
  });

  const refused: [string, Partial<ContainerSpec>, RegExp][] = [
    [
      'a relative bind source',
      { mounts: [{ type: 'bind', source: 'a', target: '/x' }] },
      /mount at \/x: the host path "a" is not absolute/,
    ],
    ['a cluster volume', { mounts: [{ type: 'cluster', source: 'a', target: '/x' }] }, /not supported/],
    ['an unknown placeholder', { hostname: '{{.Task.Nope}}' }, /unknown placeholder \{\{\.Task\.Nope\}\}: known are .*\.Task\.Slot/],
  ];
  for (const [what, spec, message] of refused) {
    it(`refuses ${what} in words`, () => {
      assert.throws(
        () => requestFor(spec),
        (error) => error instanceof SpecError && message.test(error.message),
      );
    });
  }
});
