import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { provideAnswerImages } from '../../support/answer-image.js';
import { giveIpv6, hostIpv6, MACHINE_IPV6 } from '../../support/ipv6-hosts.js';
import { type StackContainer, stackContainers } from '../../support/stack-containers.js';
import { commandOutput, onHost } from '../../support/test-bed.js';
import { eventually, TestCluster } from '../../support/test-cluster.js';

const HOSTS = 3;
const LIMIT_MS = 20_000;
/** Inner bytes of a ping that fills a packet of 1450 bytes: less IPv6's 40 and ICMP's 8. */
const FULL_PING_BYTES = 1402;
const LARGE_MEGABYTES = 20;
const SERVERS = `services:
  web: { image: "\${IMAGE}", networks: [front, back], ports: ["8080:80", "8080:7/udp"], deploy: { mode: global } }
  front: { image: "\${IMAGE}", networks: [front], deploy: { replicas: 3 } }
  back: { image: "\${IMAGE}", networks: [back], deploy: { replicas: 3 } }
  plain: { image: "\${IMAGE}", networks: [plain], deploy: { replicas: 1 } }
networks:
  front: { enable_ipv6: true, ipam: { config: [{ subnet: "fd12:3456:789a::/64" }] } }
  back: { enable_ipv6: true, internal: true }
  plain: {}
`;

/** Real kernels and engines on three hosts: networks that have IPv6 beside IPv4. */
describe('networks with IPv6 (moby/moby 24379)', () => {
  let cluster: TestCluster;
  let image: string;
  let services: Record<string, StackContainer[]>;

  before(async () => {
    cluster = await TestCluster.create({ what: 'ipv6', store: 'embedded', hosts: HOSTS });
    await giveIpv6(cluster.bed);
    [image = ''] = await provideAnswerImages(cluster.bed, ['v1']);
    await deploy();
    services = Object.fromEntries(
      await Promise.all(['web', 'front', 'back', 'plain'].map(async (name) => [name, await containersOf(name)] as const)),
    );
  });

  after(() => cluster?.destroy());

  async function deploy(): Promise<void> {
    await writeFile(join(cluster.tsctl.folder, 'compose.yml'), SERVERS);
    await cluster.tsctl.succeed(['deploy', 'shop', '--timeout', '180s'], { env: { IMAGE: image } });
  }

  const containersOf = (service: string): Promise<StackContainer[]> => stackContainers(cluster.bed, 'shop', service, 'GlobalIPv6Address');

  const one = (service: string, at = 0): StackContainer => {
    const container = services[service]?.[at];
    assert.ok(container, `${service} has no container number ${at}`);
    return container;
  };

  const pings = async (from: StackContainer, address: string | undefined, ...options: string[]): Promise<boolean> =>
    (await from.host.exec(['docker', 'exec', from.id, 'ping', '-c', '1', '-W', '2', ...options, address ?? ''])).code === 0;

  /** What a server answers to a container: its name, and the address that it saw. */
  async function ask(from: StackContainer, url: string): Promise<string | undefined> {
    const { code, stdout } = await from.host.exec(['docker', 'exec', from.id, 'timeout', '3', 'wget', '-qO-', url]);
    return code === 0 ? stdout.trim() : undefined;
  }

  const resolve = async (from: StackContainer, name: string): Promise<string[]> => {
    const { stdout } = await from.host.exec(['docker', 'exec', from.id, 'nslookup', '-type=aaaa', `${name}.`]);
    return [...stdout.matchAll(/^Address: (\S+:\S+)$/gm)]
      .map(([, address = '']) => address)
      .filter((one) => one !== '127.0.0.11:53')
      .sort();
  };

  const addresses = (service: string, network: string): string[] =>
    (services[service] ?? []).map((container) => container.addresses[network] ?? '').sort();

  it('give each container an address of the subnet, and none where a network has no IPv6', () => {
    for (const address of addresses('front', 'front')) assert.match(address, /^fd12:3456:789a::[0-9a-f:]+$/);
    for (const address of addresses('back', 'back')) assert.match(address, /^fd[0-9a-f]{2}:/);
    assert.deepEqual(addresses('plain', 'plain'), ['']);
  });

  it('connect containers across all hosts, through the right one of several networks', async () => {
    for (const from of services.web ?? [])
      for (const network of ['front', 'back'])
        for (const to of services[network] ?? [])
          assert.ok(await pings(from, to.addresses[network]), `${from.host.name} to ${network} on ${to.host.name}`);
  });

  it('keep networks apart, on one host and across', async () => {
    for (const to of services.back ?? []) assert.equal(await pings(one('front'), to.addresses.back), false, to.host.name);
  });

  it('carry full packets and megabytes as they are', async () => {
    const [from, to] = [one('front', 0), one('front', 1)];
    assert.ok(await pings(from, to.addresses.front, '-s', String(FULL_PING_BYTES)));
    const inside = ({ host, id }: StackContainer, script: string): Promise<string> =>
      onHost(host, 'docker', 'exec', id, 'sh', '-c', script);
    await inside(to, 'nc -ll -p 5000 -e sh -c "head -c 20971520 /dev/zero" > /dev/null 2>&1 &');
    const size = `nc -w 5 ${to.addresses.front} 5000 < /dev/null | wc -c`;
    await eventually(async () => Number(await inside(from, size)) === LARGE_MEGABYTES * 2 ** 20, 'all bytes', LIMIT_MS);
  });

  it('answer names with addresses of both families', async () => {
    assert.deepEqual(await resolve(one('front'), 'tasks.front'), addresses('front', 'front'));
    const [vip = '', ...others] = await resolve(one('front'), 'front');
    assert.deepEqual(others, []);
    assert.match(vip, /^fd12:3456:789a::/);
    assert.ok(!addresses('front', 'front').includes(vip));
    assert.deepEqual(await resolve(one('plain'), 'plain'), []);
  });

  it('balance the virtual address of IPv6 over all tasks, who see the address of who asks', async () => {
    const from = one('web');
    const [vip = ''] = await resolve(from, 'front');
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask(from, `http://[${vip}]/`)));
    assert.equal(new Set(answers.map((answer) => answer?.split(' ')[1])).size, HOSTS, answers.join());
    for (const answer of answers) assert.equal(answer?.split(' ')[2], from.addresses.front);
  });

  it('answer a published port by IPv6 on every host, and the task sees the client, also on another host', async () => {
    const curl = (at: number): Promise<string> => commandOutput('curl', ['-s', '-m', '3', `http://[${hostIpv6(at)}]:8080/`]);
    for (const at of cluster.bed.hosts.keys()) {
      const answers = await Promise.all(Array.from({ length: 12 }, () => curl(at)));
      assert.equal(new Set(answers.map((answer) => answer.split(' ')[1])).size, HOSTS, answers.join());
      for (const answer of answers) assert.equal(answer.split(' ')[2], MACHINE_IPV6);
    }
  });

  it('lead out of the host by its own address, and not from internal networks', async () => {
    const script = `require('net').createServer((socket) => socket.end(socket.remoteAddress)).listen(8099, '${MACHINE_IPV6}', () => console.log('up'))`;
    const server = spawn(process.execPath, ['--eval', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await new Promise((listening) => server.stdout.once('data', listening));
      const call = async ({ host, id }: StackContainer): Promise<string> =>
        (await host.exec(['docker', 'exec', id, 'sh', '-c', `nc -w 3 ${MACHINE_IPV6} 8099 < /dev/null`])).stdout;
      const outer = one('front');
      assert.equal(await call(outer), hostIpv6(cluster.bed.hosts.indexOf(outer.host)));
      assert.equal(await call(one('back')), '');
    } finally {
      server.kill('SIGKILL');
    }
  });

  it('are repaired when somebody flushes the tables, deletes the devices and kills who answers for other hosts', async () => {
    const from = one('web', 0);
    const { host } = from;
    await onHost(host, 'nft', 'flush', 'ruleset');
    await onHost(host, 'sh', '-c', 'for one in $(ip -br link show type vxlan | cut -d" " -f1); do ip link delete $one; done');
    await onHost(
      host,
      'sh',
      '-c',
      'kill $(cat /run/tessera/neighbours/*.pid); ip -6 neigh flush dev $(ls /sys/class/net | grep tsb | head -1)',
    );
    const other = services.front?.find((to) => to.host !== host);
    await eventually(() => pings(from, other?.addresses.front), 'the way to another host', LIMIT_MS);
    const [vip = ''] = await resolve(from, 'front');
    await eventually(async () => (await ask(from, `http://[${vip}]/`)) !== undefined, 'the virtual address', LIMIT_MS);
    assert.equal(await pings(one('front'), one('back', 1).addresses.back), false, 'networks are apart');
  });

  it('leave nothing on the hosts when they go', async () => {
    await cluster.tsctl.succeed(['rm', 'shop', '--timeout', '180s']);
    const left = async (): Promise<string> => {
      const script =
        'ls /run/tessera/neighbours; pgrep -x ndppd --ns $$ --nslist net; nft list tables ip6; ip -6 rule | grep 20542; ip -br link | grep "^ts[bv]"';
      return (await Promise.all(cluster.bed.hosts.map(async (host) => (await host.exec(['sh', '-c', script])).stdout))).join('');
    };
    await eventually(async () => (await left()) === '', 'nothing to be left', LIMIT_MS).catch(async (error) => {
      throw new Error(`${error.message}: ${await left()}`);
    });
  });
});
