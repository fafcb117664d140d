import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkDetail, Task } from '@tessera/api';
import type { Host } from '@tessera/bed';
import { onHost, provideBusybox } from '../../support/test-bed.js';
import { eventually, TestCluster } from '../../support/test-cluster.js';

const HOSTS = 2;
/** The agent looks at its underlay every 5 s and tells managers every 30 s. */
const MTU_LIMIT_MS = 60_000;
const READY_LIMIT_MS = 20_000;
/** Bytes of IPv4 and ICMP headers in front of a ping's own. */
const PING_HEADERS = 28;

/** Two hosts with real kernels and engines: how networks are made, described and removed, and how large their packets are. */
describe('networks of two hosts', () => {
  let cluster: TestCluster;
  let image: string;

  before(async () => {
    cluster = await TestCluster.create({ what: 'networks', store: 'embedded', hosts: HOSTS });
    image = await provideBusybox(cluster.bed);
  });

  after(() => cluster?.destroy());

  async function deploy(stack: string, compose: string, ...options: string[]): Promise<{ code: number; stderr: string }> {
    await writeFile(join(cluster.tsctl.folder, 'compose.yml'), compose);
    return cluster.tsctl.run(['deploy', stack, '--timeout', '180s', ...options], { env: { IMAGE: image } });
  }

  const service = (lines: string): string => `{ image: "\${IMAGE}", command: ["sleep", "100000"], ${lines} }`;

  /** What Docker says of the container of a stack's service on a host. */
  async function look(host: Host, name: string, format: string): Promise<string> {
    const id = await onHost(host, 'docker', 'ps', '-q', '--filter', `label=tessera.service-name=${name}`);
    return onHost(host, 'docker', 'inspect', '-f', format, id);
  }

  const pidOf = (host: Host, name: string): Promise<string> => look(host, name, '{{.State.Pid}}');

  /** One ping of so many bytes in all, which nobody on the way may break up, from a task on one host to one on another. */
  async function passes(from: Host, to: Host, name: string, bytes: number): Promise<boolean> {
    const target = await look(to, name, '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}');
    const size = String(bytes - PING_HEADERS);
    const argv = ['nsenter', '-t', await pidOf(from, name), '-n', 'ping', '-M', 'do', '-c', '1', '-W', '1', '-s', size, target];
    return (await from.exec(argv)).code === 0;
  }

  async function mtuOf(host: Host, name: string): Promise<number> {
    const link = await onHost(host, 'nsenter', '-t', await pidOf(host, name), '-n', 'ip', '-o', 'link', 'show', 'eth0');
    return Number(/ mtu (\d+) /.exec(link)?.[1]);
  }

  const inspect = async (network: string): Promise<NetworkDetail> => {
    const [detail] = JSON.parse(await cluster.tsctl.succeed(['network', 'inspect', network])) as NetworkDetail[];
    assert.ok(detail);
    return detail;
  };

  it('refuses a deploy that needs more addresses than its network has, and says the numbers', async () => {
    const compose = `services: { web: ${service('deploy: { replicas: 20 }, networks: [own]')} }
networks: { own: { ipam: { config: [{ subnet: 10.200.0.0/28 }] } } }
`;
    const { code, stderr } = await deploy('tight', compose);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /network 'tight_own' has too few addresses: its subnet has 10 addresses .* want 20 tasks\n {2}service tight_web: 20 tasks/,
    );
    assert.deepEqual(await cluster.tsctl.json('network', 'ls'), []);
  });

  it('tells in inspect what a network has given out, and refuses to remove it while it is used, naming by whom', async () => {
    const compose = `services: { web: ${service('deploy: { replicas: 4 }, networks: [own]')} }
networks: { own: { attachable: true, ipam: { config: [{ subnet: 10.200.0.0/24 }] } } }
`;
    assert.equal((await deploy('shop', compose)).code, 0);
    const { network, usage } = await inspect('shop_own');
    assert.equal(network.spec.attachable, true);
    assert.deepEqual(
      [usage.subnet, usage.used, usage.nodes.map(({ used }) => used), usage.mtu, usage.problems],
      ['10.200.0.0/24', 4, [2, 2], 1450, []],
    );
    assert.deepEqual(usage.services, ['shop_web']);
    const { code, stderr } = await cluster.tsctl.run(['network', 'rm', 'shop_own']);
    assert.equal(code, 1);
    assert.match(stderr, /network 'shop_own' is used by a service\n {2}shop_web\n/);
  });

  it('carries the largest packet over an underlay of 1500 bytes, and refuses one more byte', async () => {
    const compose = `services: { web: ${service('deploy: { mode: global }, networks: [net]')} }
networks: { net: {} }
`;
    assert.equal((await deploy('wide', compose)).code, 0);
    const [a, b] = [cluster.host(0), cluster.host(1)];
    assert.equal(await mtuOf(a, 'wide_web'), 1450);
    await eventually(() => passes(a, b, 'wide_web', 1450), 'a full packet to pass', READY_LIMIT_MS);
    assert.equal(await passes(a, b, 'wide_web', 1451), false);
  });

  it('follows an underlay that becomes narrower: old containers are told, new ones begin with the right size (moby/moby 36689)', async () => {
    const [a, b] = [cluster.host(0), cluster.host(1)];
    await onHost(b, 'ip', 'link', 'set', 'eth0', 'mtu', '1280');
    await eventually(async () => (await inspect('wide_net')).usage.mtu === 1230, 'the managers to know of it', MTU_LIMIT_MS);
    assert.equal((await inspect('wide_net')).usage.mtuLimitedBy, 'node2');
    // The first one is answered with how large packets may be; after that the container sends no larger ones.
    await eventually(async () => !(await passes(a, b, 'wide_web', 1231)), 'a packet that is too large to be refused', READY_LIMIT_MS);
    assert.ok(await passes(a, b, 'wide_web', 1230));
    assert.ok(await passes(b, a, 'wide_web', 1230));
    const compose = `services: { web: ${service('deploy: { mode: global }, networks: [net]')} }
networks: { net: {} }
`;
    assert.equal((await deploy('narrow', compose)).code, 0);
    for (const host of [a, b]) assert.equal(await mtuOf(host, 'narrow_web'), 1230);
    assert.ok(await passes(a, b, 'narrow_web', 1230));
    assert.equal(await passes(a, b, 'narrow_web', 1231), false);
  });

  it('refuses an MTU that a node cannot carry, with the numbers', async () => {
    const { code, stderr } = await cluster.tsctl.run(['network', 'create', '--mtu', '1400', 'big']);
    assert.equal(code, 2);
    assert.match(stderr, /asks for an MTU of 1400, but node 'node2' carries packets of 1280, which leaves 1230/);
    assert.equal((await cluster.tsctl.run(['network', 'create', '--mtu', '1000', 'small'])).code, 0);
    await cluster.tsctl.succeed(['network', 'rm', 'small']);
  });

  // As in moby 30942.
  it('runs a stack again that is removed and deployed at once, while its old containers still stop (moby/moby 30942)', async () => {
    const stubborn = `{ image: "\${IMAGE}", command: ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"], stop_grace_period: 8s, deploy: { mode: global } }`;
    const compose = `services: { web: ${stubborn} }\n`;
    assert.equal((await deploy('again', compose)).code, 0);
    const before = (await inspect('again_default')).network;
    await cluster.tsctl.succeed(['rm', 'again', '--detach']);
    const { code, stderr } = await deploy('again', compose);
    assert.equal(code, 0, stderr);
    const after = (await inspect('again_default')).network;
    assert.notEqual(after.allocation?.subnet, before.allocation?.subnet);
    const tasks = (await cluster.tsctl.json<Task[]>('ps', 'again')).filter(({ desired }) => desired === 'running');
    assert.deepEqual(
      tasks.map(({ status }) => status.state),
      ['running', 'running'],
    );
    const old = `again_default--${before.allocation?.vni}`;
    await eventually(
      async () => !(await onHost(cluster.host(0), 'docker', 'network', 'ls')).includes(old),
      'the old network to be gone',
      READY_LIMIT_MS + 10_000,
    );
  });
});
