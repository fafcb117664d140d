import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkDetail, Task } from '@tessera/api';
import type { Host } from '@tessera/bed';
import { onHost, provideBusybox } from '../../support/test-bed.js';
import { eventually, TestCluster } from '../../support/test-cluster.js';
import { OPEN_AND_SECRET, Wire } from '../../support/wire.js';

const READY_LIMIT_MS = 20_000;
/** Agents look at the age of their keys every half minute. */
const ROTATION_LIMIT_MS = 60_000;
const PING_INTERVAL_S = '0.1';
/** Half of the five seconds that WireGuard would wait before it tries again to shake hands. */
const MOST_LOST = 25;
const PING_HEADERS = 28;
/** 1500 less WireGuard's 60 and VXLAN's 50. */
const ENCRYPTED_MTU = 1390;

/** Two hosts with real kernels: what of a network's traffic can be read between them. */
describe('an encrypted network of two hosts', () => {
  let cluster: TestCluster;
  let a: Host;
  let b: Host;
  let wire: Wire;

  before(async () => {
    cluster = await TestCluster.create({ what: 'encryption', store: 'embedded', hosts: 2 });
    [a, b] = [cluster.host(0), cluster.host(1)];
    wire = new Wire(a, b, READY_LIMIT_MS);
    const image = await provideBusybox(cluster.bed);
    await writeFile(join(cluster.tsctl.folder, 'compose.yml'), OPEN_AND_SECRET);
    await cluster.tsctl.succeed(['deploy', 'shop', '--timeout', '180s'], { env: { IMAGE: image } });
  });

  after(() => cluster?.destroy());

  it('connects its containers across hosts', async () => {
    await eventually(() => wire.ping(a, b, 'secret'), 'an encrypted ping to be answered', READY_LIMIT_MS);
    await eventually(() => wire.ping(b, a, 'open'), 'a plain ping to be answered', READY_LIMIT_MS);
    for (const host of [a, b]) assert.match(await onHost(host, 'wg', 'show', 'tsw0', 'latest-handshakes'), /\t[1-9]\d+$/);
  });

  it('shows nothing of its traffic on the wire, where a plain network shows all', async () => {
    assert.deepEqual(await wire.marksOnWire('open'), { read: true, answered: true });
    assert.deepEqual(await wire.marksOnWire('secret'), { read: false, answered: true });
  });

  it('carries the largest packet that fits, and refuses one more byte', async () => {
    const size = (bytes: number): string[] => ['-M', 'do', '-s', String(bytes - PING_HEADERS)];
    assert.ok(await wire.ping(a, b, 'secret', ...size(ENCRYPTED_MTU)));
    assert.equal(await wire.ping(a, b, 'secret', ...size(ENCRYPTED_MTU + 1)), false);
    const [detail] = JSON.parse(await cluster.tsctl.succeed(['network', 'inspect', 'shop_secret'])) as NetworkDetail[];
    assert.deepEqual([detail?.usage.encrypted, detail?.usage.mtu, detail?.usage.problems], [true, ENCRYPTED_MTU, []]);
  });

  it('sends nothing in the clear when the tunnel is gone, and mends it', async () => {
    await cluster.agent(0).kill9();
    await onHost(a, 'ip', 'link', 'delete', 'tsw0');
    assert.deepEqual(await wire.marksOnWire('secret'), { read: false, answered: false });
    // Also not by somebody who puts the network's VXLAN onto the plain underlay.
    const [detail] = JSON.parse(await cluster.tsctl.succeed(['network', 'inspect', 'shop_secret'])) as NetworkDetail[];
    const vni = String(detail?.network.allocation?.vni);
    const block = detail?.usage.nodes.find(({ node }) => node === b.name)?.block ?? '';
    await a.exec(['ip', 'link', 'delete', `tsv${vni}`]);
    await onHost(
      a,
      'ip',
      'link',
      'add',
      'leak0',
      'type',
      'vxlan',
      'id',
      vni,
      'dstport',
      '4789',
      'local',
      a.ip,
      'remote',
      b.ip,
      'dev',
      'eth0',
    );
    await onHost(a, 'ip', 'link', 'set', 'leak0', 'up');
    await onHost(a, 'ip', 'route', 'add', block, 'dev', 'leak0');
    assert.deepEqual(await wire.marksOnWire('secret'), { read: false, answered: false });
    await onHost(a, 'ip', 'link', 'delete', 'leak0');
    await cluster.agent(0).start();
    await eventually(() => wire.ping(a, b, 'secret'), 'the tunnel to be mended', READY_LIMIT_MS);
    assert.deepEqual(await wire.marksOnWire('secret'), { read: false, answered: true });
  });

  it('changes a key that has grown old, and loses next to nothing of what is under way', async () => {
    const own = (): Promise<string> => onHost(a, 'wg', 'show', 'tsw0', 'public-key');
    const known = (): Promise<string> => onHost(b, 'sh', '-c', 'wg show tsw0 peers');
    const before = await own();
    assert.equal(await known(), before);
    await onHost(
      a,
      'sh',
      '-c',
      `${await wire.pingCommand(a, b, 'secret', '-i', PING_INTERVAL_S, '-O')} > /tmp/ping.log 2>&1 & echo $! > /tmp/ping.pid`,
    );
    await onHost(a, 'touch', '-d', '31 days ago', '/var/lib/tessera-agent/agent/wireguard.key');
    await eventually(
      async () => (await own()) !== before && (await own()) === (await known()),
      'both to have the new key',
      ROTATION_LIMIT_MS,
    );
    await eventually(() => wire.ping(a, b, 'secret'), 'a ping by the new key', READY_LIMIT_MS);
    await eventually(() => wire.ping(b, a, 'secret'), 'a ping back by the new key', READY_LIMIT_MS);
    await onHost(a, 'sh', '-c', 'kill -s INT "$(cat /tmp/ping.pid)"; tail --pid="$(cat /tmp/ping.pid)" -f /dev/null');
    const [, sent = '', received = ''] = /(\d+) packets transmitted, (\d+) received/.exec(await onHost(a, 'cat', '/tmp/ping.log')) ?? [];
    assert.ok(Number(received) > 0 && Number(sent) - Number(received) <= MOST_LOST, `${sent} sent, ${received} received`);
  });

  it('goes on while the agent is away', async () => {
    await cluster.agent(0).kill9();
    assert.ok(await wire.ping(a, b, 'secret'));
    await cluster.agent(0).start();
  });

  it('has no tasks on a node that cannot encrypt, and both the task and the network say why', async () => {
    await cluster.agent(1).kill9();
    // Without /dev/net/tun there is no wireguard-go, and this kernel has no WireGuard.
    await onHost(b, 'sh', '-c', 'mount -t tmpfs tmpfs /dev/net');
    await cluster.agent(1).start();
    const inspect = async (): Promise<NetworkDetail | undefined> =>
      (JSON.parse(await cluster.tsctl.succeed(['network', 'inspect', 'shop_secret'])) as NetworkDetail[])[0];
    const problem = `encryption is not available on ${b.name}: tasks of it run elsewhere only`;
    await eventually(async () => (await inspect())?.usage.problems.includes(problem), 'the network to say so', READY_LIMIT_MS);
    const compose = `services:
  late: { image: busybox, networks: [secret], deploy: { placement: { constraints: ["node.hostname == ${b.name}"] } } }
networks: { secret: { external: true, name: shop_secret } }
`;
    await writeFile(join(cluster.tsctl.folder, 'compose.yml'), compose);
    await cluster.tsctl.succeed(['deploy', 'late', '--detach']);
    const tasks = async (): Promise<Task[]> => cluster.tsctl.json<Task[]>('ps', 'late');
    await eventually(
      async () => /encryption not available, which network shop_secret needs/.test((await tasks())[0]?.status.message ?? ''),
      'the task to say so',
      READY_LIMIT_MS,
    );
  });

  it('is gone with the stack', async () => {
    await cluster.tsctl.succeed(['rm', 'late', '--timeout', '180s']);
    await cluster.tsctl.succeed(['rm', 'shop', '--timeout', '180s']);
    await eventually(async () => (await a.exec(['ip', 'link', 'show', 'tsw0'])).code !== 0, 'the tunnel to be gone', READY_LIMIT_MS);
    assert.equal((await a.exec(['nft', 'list', 'table', 'ip', 'tessera-guard'])).code, 1);
  });
});
