import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type StackContainer, stackContainers } from '../../support/stack-containers.js';
import { onHost } from '../../support/test-bed.js';
import { eventually, TestCluster } from '../../support/test-cluster.js';
import { askWeb, provideWebImages } from '../../support/web-image.js';

const HOSTS = 3;
const REPAIR_LIMIT_MS = 15_000;
/** Inner bytes of a ping that fills a packet of 1450 bytes: what is left of 1500 after VXLAN's 50, less IP's 20 and ICMP's 8. */
const FULL_PING_BYTES = 1422;
const LARGE_MEGABYTES = 100;
const COMPOSE = `services:
  both: { image: "\${WEB_IMAGE}", networks: [front, back], ports: ["8080:80"], deploy: { mode: global } }
  front: { image: "\${WEB_IMAGE}", networks: [front], deploy: { replicas: 3 } }
  back: { image: "\${WEB_IMAGE}", networks: [back], deploy: { replicas: 3 } }
networks: { front: {}, back: { internal: true } }
`;

/** Real kernels and engines: what containers on three hosts reach, by address and by name, and what they must not. */
describe('the overlay between three hosts', () => {
  let cluster: TestCluster;
  let services: Record<string, StackContainer[]>;
  let image: string;

  before(async () => {
    cluster = await TestCluster.create({ what: 'overlay', store: 'embedded', hosts: HOSTS });
    [image = ''] = await provideWebImages(cluster.bed, ['v1']);
    await writeFile(join(cluster.tsctl.folder, 'compose.yml'), COMPOSE);
    await cluster.tsctl.succeed(['deploy', 'shop', '--timeout', '180s'], { env: { WEB_IMAGE: image } });
    services = { both: await containersOf('both'), front: await containersOf('front'), back: await containersOf('back') };
  });

  after(() => cluster?.destroy());

  const containersOf = (service: string): Promise<StackContainer[]> => stackContainers(cluster.bed, 'shop', service, 'IPAddress');

  async function pings(from: StackContainer, address: string | undefined, bytes = 56): Promise<boolean> {
    return (await from.host.exec(['docker', 'exec', from.id, 'ping', '-c', '1', '-W', '1', '-s', String(bytes), address ?? ''])).code === 0;
  }

  /** Addresses that the name has as seen from a container; a final dot keeps busybox from trying search domains. */
  async function resolve(from: StackContainer, name: string): Promise<string[]> {
    const { stdout } = await from.host.exec(['docker', 'exec', from.id, 'nslookup', `${name}.`]);
    const answer = stdout.slice(stdout.indexOf('Name:'));
    return stdout.includes('Name:') ? [...answer.matchAll(/^Address: (\S+)$/gm)].map((match) => match[1] as string).sort() : [];
  }

  /** What a web server answers to a container; undefined when nothing comes. */
  async function fetchFrom(from: StackContainer, url: string): Promise<string | undefined> {
    const { code, stdout } = await from.host.exec(['docker', 'exec', from.id, 'timeout', '2', 'wget', '-qO-', url]);
    return code === 0 ? stdout.trim() : undefined;
  }

  const one = (service: string, at = 0): StackContainer => {
    const container = services[service]?.[at];
    assert.ok(container, `${service} has no container number ${at}`);
    return container;
  };
  const addresses = (service: string, network: string): string[] =>
    (services[service] ?? []).map((container) => container.addresses[network] ?? '').sort();

  async function everyPairTalks(service: string, network: string): Promise<void> {
    for (const from of services.both ?? []) {
      for (const to of services[service] ?? []) {
        const address = to.addresses[network];
        assert.ok(await pings(from, address), `${from.host.name} does not reach ${address} on ${to.host.name}`);
      }
    }
  }

  it('runs one task of the global service and of each of the others on each host', () => {
    for (const containers of Object.values(services)) assert.equal(new Set(containers.map(({ host }) => host.name)).size, HOSTS);
  });

  it('connects containers of a network across all hosts', () => everyPairTalks('front', 'front'));

  it('sends a container with two networks through the right one of them', () => everyPairTalks('back', 'back'));

  it('carries full packets without breaking them up', async () => {
    const [from, to] = [one('front', 0), one('front', 1)];
    assert.ok(await pings(from, to.addresses.front, FULL_PING_BYTES));
  });

  it('carries a hundred megabytes from host to host as they are', async () => {
    const [from, to] = [one('front', 0), one('front', 1)];
    const inside = (container: StackContainer, script: string): Promise<string> =>
      onHost(container.host, 'docker', 'exec', container.id, 'sh', '-c', script);
    await inside(from, `dd if=/dev/urandom of=/www/large bs=1048576 count=${LARGE_MEGABYTES} 2>/dev/null`);
    const sum = await inside(from, 'md5sum < /www/large');
    assert.equal(await inside(to, `wget -qO- http://${from.addresses.front}/large | md5sum`), sum);
    await inside(from, 'rm /www/large');
  });

  it('keeps networks apart, on one host and across hosts', async () => {
    const apart = async (from: StackContainer, to: StackContainer, network: string): Promise<void> =>
      assert.equal(await pings(from, to.addresses[network]), false, `${from.host.name} reaches ${network} on ${to.host.name}`);
    await Promise.all([
      ...(services.back ?? []).map((to) => apart(one('front'), to, 'back')),
      ...(services.front ?? []).map((to) => apart(one('back'), to, 'front')),
    ]);
  });

  it('answers the names of a service with one virtual address, the same everywhere', async () => {
    const [vip = '', ...others] = await resolve(one('front'), 'front');
    assert.deepEqual(others, []);
    assert.ok(![...addresses('front', 'front'), ...addresses('both', 'front')].includes(vip));
    for (const from of services.front ?? [])
      for (const name of ['front', 'front.shop', 'shop_front', 'FRONT']) assert.deepEqual(await resolve(from, name), [vip], name);
  });

  it('answers the names of all tasks and of replicas with the addresses on the network of the asker', async () => {
    const from = one('front');
    for (const name of ['tasks.front', 'tasks.shop_front', 'TASKS.FRONT'])
      assert.deepEqual(await resolve(from, name), addresses('front', 'front'), name);
    assert.deepEqual(await resolve(from, 'tasks.both'), addresses('both', 'front'));
    const replica = await resolve(from, '2.front');
    assert.ok(replica.length === 1 && addresses('front', 'front').includes(replica[0] ?? ''));
  });

  it('balances the virtual address of a service over all its tasks, the one that asks included', async () => {
    const ask = 'for i in $(seq 40); do timeout 2 wget -qO- http://front/ || echo failed; done';
    const askers = [...(services.front ?? []), ...(services.both ?? [])];
    await Promise.all(
      askers.map(async ({ host, id }) => {
        const answers = (await onHost(host, 'docker', 'exec', id, 'sh', '-c', ask)).split('\n');
        assert.ok(answers.length === 40 && !answers.includes('failed'), `requests from ${host.name} failed`);
        assert.equal(new Set(answers).size, HOSTS, `${host.name} did not reach all tasks: ${answers.join()}`);
      }),
    );
  });

  it('answers pings to a virtual address', async () => {
    const [vip] = await resolve(one('front'), 'both');
    assert.ok(await pings(one('front'), vip));
  });

  it('keeps the virtual addresses of a network from those that are not on it', async () => {
    const [vip = ''] = await resolve(one('back'), 'back');
    assert.notEqual(await fetchFrom(one('back'), `http://${vip}/`), undefined);
    assert.equal(await fetchFrom(one('front'), `http://${vip}/`), undefined);
  });

  it('refuses at once what a service without tasks is asked', async () => {
    await cluster.tsctl.succeed(['service', 'scale', 'shop_back=0', '--timeout', '180s']);
    const from = one('both');
    const isRefused = async (): Promise<boolean> => {
      const { stderr } = await from.host.exec(['docker', 'exec', from.id, 'timeout', '5', 'wget', '-qO-', 'http://back/']);
      return /refused/i.test(stderr);
    };
    await eventually(isRefused, 'a refusal', REPAIR_LIMIT_MS);
    await cluster.tsctl.succeed(['service', 'scale', 'shop_back=3', '--timeout', '180s']);
    services.back = await containersOf('back');
  });

  it('answers a container with two networks for both, and hides the names of a network from those that are not on it', async () => {
    assert.deepEqual(await resolve(one('both'), 'tasks.back'), addresses('back', 'back'));
    assert.deepEqual(await resolve(one('both'), 'tasks.front'), addresses('front', 'front'));
    const hidden = await Promise.all(['back', 'tasks.back'].map((name) => resolve(one('front'), name)));
    assert.deepEqual(hidden, [[], []]);
  });

  it('answers a published port on every host, also on localhost', async () => {
    for (const host of cluster.bed.hosts) {
      for (let round = 0; round < 6; round++) assert.equal((await askWeb(host.ip, 8080))?.version, 'v1', host.name);
      assert.match(await onHost(host, 'curl', '-s', '-m', '2', 'http://127.0.0.1:8080/'), /^v1 /);
    }
  });

  it('tells names of tasks that are not ready only of services that ask for it', async () => {
    const service = (more: string): string =>
      `{ image: "\${WEB_IMAGE}", networks: [front], healthcheck: { test: "false", interval: 1s, retries: 1000 }, deploy: { replicas: 2 }${more} }`;
    const compose = `services:
  forming: ${service(', x-publish-not-ready: true')}
  quiet: ${service('')}
networks: { front: { external: true, name: shop_front } }
`;
    await writeFile(join(cluster.tsctl.folder, 'cluster.yml'), compose);
    await cluster.tsctl.succeed(['deploy', 'cluster', '-f', 'cluster.yml', '--detach'], { env: { WEB_IMAGE: image } });
    const from = one('front');
    await eventually(
      async () => (await resolve(from, 'tasks.forming')).length === 2,
      'the names of tasks that form a cluster',
      REPAIR_LIMIT_MS,
    );
    const haveStarted = async (): Promise<boolean> => {
      const tasks = (await cluster.liveTasks()).filter(({ serviceName }) => serviceName === 'cluster_quiet');
      return tasks.length === 2 && tasks.every(({ status }) => status.state === 'starting');
    };
    await eventually(haveStarted, 'the other tasks to have started', REPAIR_LIMIT_MS);
    assert.deepEqual(await resolve(from, 'tasks.quiet'), []);
    const [address = ''] = await resolve(from, 'forming');
    assert.equal(await fetchFrom(from, `http://${address}/`).then((answer) => answer?.split(' ')[0]), 'v1');
    await cluster.tsctl.succeed(['rm', 'cluster', '--timeout', '180s']);
  });

  /** All that a host's firewall, links and engine are needed for. */
  async function worksAgain(): Promise<void> {
    await eventually(() => pings(one('front', 0), one('front', 1).addresses.front), 'the way to another host to be back', REPAIR_LIMIT_MS);
    await eventually(
      async () => (await askWeb(one('front', 0).host.ip, 8080)) !== undefined,
      'the published port to answer',
      REPAIR_LIMIT_MS,
    );
    await everyPairTalks('back', 'back');
    assert.equal(await pings(one('front'), one('back', 1).addresses.back), false, 'networks are apart');
  }

  it('repairs a flushed firewall and deleted devices by itself', async () => {
    const { host } = one('front', 0);
    await onHost(host, 'nft', 'flush', 'ruleset');
    const devices = await onHost(host, 'ip', '-br', 'link', 'show', 'type', 'vxlan');
    for (const line of devices.split('\n')) await onHost(host, 'ip', 'link', 'delete', line.split(/\s+/)[0] ?? '');
    await eventually(
      async () => (await host.exec(['nft', 'list', 'table', 'ip', 'tessera'])).code === 0,
      'the table to be back',
      REPAIR_LIMIT_MS,
    );
    await worksAgain();
  });

  it('repairs what a firewall that was loaded anew has no more, and what an engine that starts anew makes anew', async () => {
    const { host } = one('front', 0);
    await onHost(host, 'iptables', '-P', 'FORWARD', 'DROP');
    await onHost(host, 'iptables', '-F');
    await worksAgain();
    await host.killDocker();
    await host.startDocker();
    await worksAgain();
  });

  it('lets foreign sources in by its own devices, also where somebody has the host check sources', async () => {
    const { host } = one('front', 0);
    const checks = async (): Promise<string> => onHost(host, 'sh', '-c', 'cat /proc/sys/net/ipv4/conf/tsv*/rp_filter | sort -u');
    await onHost(host, 'sysctl', '-w', 'net.ipv4.conf.all.rp_filter=1');
    await eventually(async () => (await checks()) === '2', 'loose checks', REPAIR_LIMIT_MS);
    await onHost(host, 'sysctl', '-w', 'net.ipv4.conf.all.rp_filter=0');
    await eventually(async () => (await checks()) === '0', 'no checks', REPAIR_LIMIT_MS);
  });

  it('takes bridges, devices and published ports away with the stack', async () => {
    await cluster.tsctl.succeed(['rm', 'shop', '--timeout', '180s']);
    const links = async (): Promise<string> => {
      const lists = await Promise.all(cluster.bed.hosts.map((host) => onHost(host, 'ip', '-br', 'link')));
      return lists.join('\n');
    };
    await eventually(async () => !/^ts[bv]\d/m.test(await links()), 'the links of the stack to be gone', REPAIR_LIMIT_MS);
    assert.equal(await askWeb(cluster.host(0).ip, 8080), undefined);
  });
});
