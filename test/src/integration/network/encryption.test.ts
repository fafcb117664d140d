import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkDetail, Task } from '@tessera/api';
import type { Host } from '@tessera/bed';
import { onHost, provideBusybox } from '../../support/test-bed.js';
import { eventually, TestCluster } from '../../support/test-cluster.js';

const READY_LIMIT_MS = 20_000;
const PING_HEADERS = 28;
/** 1500 less WireGuard's 60 and VXLAN's 50. */
const ENCRYPTED_MTU = 1390;
/** What the pings are filled with; each capture looks for it on the wire. */
const MARK = 'plaintextmarker!';
const COMPOSE = `services:
  open: { image: "\${IMAGE}", command: ["sleep", "100000"], networks: [open], deploy: { mode: global } }
  secret: { image: "\${IMAGE}", command: ["sleep", "100000"], networks: [secret], deploy: { mode: global } }
networks:
  open: {}
  secret: { driver_opts: { encrypted: "" } }
`;

/** Two hosts with real kernels: what of a network's traffic can be read between them. */
describe('an encrypted network of two hosts', function () {
  this.timeout(120_000);
  let cluster: TestCluster;
  let a: Host;
  let b: Host;

  before(async () => {
    cluster = await TestCluster.create({ what: 'encryption', store: 'embedded', hosts: 2 });
    [a, b] = [cluster.host(0), cluster.host(1)];
    const image = await provideBusybox(cluster.bed);
    await writeFile(join(cluster.tsctl.folder, 'compose.yml'), COMPOSE);
    await cluster.tsctl.succeed(['deploy', 'shop', '--timeout', '60s'], { env: { IMAGE: image } });
  });

  after(() => cluster?.destroy());

  async function look(host: Host, service: string, format: string): Promise<string> {
    // A node that was down for a moment may have two for a moment: the newest is named first.
    const [id = ''] = (await onHost(host, 'docker', 'ps', '-q', '--filter', `label=tessera.service-name=shop_${service}`)).split('\n');
    return onHost(host, 'docker', 'inspect', '-f', format, id);
  }

  async function ping(from: Host, to: Host, service: string, ...options: string[]): Promise<boolean> {
    const pid = await look(from, service, '{{.State.Pid}}');
    const address = await look(to, service, '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}');
    return (await from.exec(['nsenter', '-t', pid, '-n', 'ping', '-c', '1', '-W', '1', ...options, address])).code === 0;
  }

  /** Whether pings that are filled with the mark can be read on the wire of their host. */
  async function marksOnWire(service: string): Promise<{ read: boolean; answered: boolean }> {
    const file = `/tmp/${service}.pcap`;
    await onHost(a, 'sh', '-c', `tcpdump -i eth0 --immediate-mode -U -w ${file} udp > /tmp/tcpdump.log 2>&1 & echo $! > /tmp/tcpdump.pid`);
    await eventually(async () => (await onHost(a, 'cat', '/tmp/tcpdump.log')).includes('listening'), 'tcpdump to listen', READY_LIMIT_MS);
    const pattern = Buffer.from(MARK).toString('hex');
    const answered = await ping(a, b, service, '-p', pattern);
    // tcpdump ends when it is told to, and has written all then.
    await onHost(a, 'sh', '-c', 'kill "$(cat /tmp/tcpdump.pid)"; tail --pid="$(cat /tmp/tcpdump.pid)" -f /dev/null');
    const { code } = await a.exec(['grep', '-q', MARK, file]);
    return { read: code === 0, answered };
  }

  it('connects its containers across hosts', async () => {
    await eventually(() => ping(a, b, 'secret'), 'an encrypted ping to be answered', READY_LIMIT_MS);
    await eventually(() => ping(b, a, 'open'), 'a plain ping to be answered', READY_LIMIT_MS);
    for (const host of [a, b]) assert.match(await onHost(host, 'wg', 'show', 'tsw0', 'latest-handshakes'), /\t[1-9]\d+$/);
  });

  it('shows nothing of its traffic on the wire, where a plain network shows all', async () => {
    assert.deepEqual(await marksOnWire('open'), { read: true, answered: true });
    assert.deepEqual(await marksOnWire('secret'), { read: false, answered: true });
  });

  it('carries the largest packet that fits, and refuses one more byte', async () => {
    const size = (bytes: number): string[] => ['-M', 'do', '-s', String(bytes - PING_HEADERS)];
    assert.ok(await ping(a, b, 'secret', ...size(ENCRYPTED_MTU)));
    assert.equal(await ping(a, b, 'secret', ...size(ENCRYPTED_MTU + 1)), false);
    const [detail] = JSON.parse(await cluster.tsctl.succeed(['network', 'inspect', 'shop_secret'])) as NetworkDetail[];
    assert.deepEqual([detail?.usage.encrypted, detail?.usage.mtu, detail?.usage.problems], [true, ENCRYPTED_MTU, []]);
  });

  it('sends nothing in the clear when the tunnel is gone, and mends it', async () => {
    await cluster.agent(0).kill9();
    await onHost(a, 'ip', 'link', 'delete', 'tsw0');
    assert.deepEqual(await marksOnWire('secret'), { read: false, answered: false });
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
    assert.deepEqual(await marksOnWire('secret'), { read: false, answered: false });
    await onHost(a, 'ip', 'link', 'delete', 'leak0');
    await cluster.agent(0).start();
    await eventually(() => ping(a, b, 'secret'), 'the tunnel to be mended', READY_LIMIT_MS);
    assert.deepEqual(await marksOnWire('secret'), { read: false, answered: true });
  });

  it('goes on while the agent is away', async () => {
    await cluster.agent(0).kill9();
    assert.ok(await ping(a, b, 'secret'));
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
    await cluster.tsctl.succeed(['rm', 'late', '--timeout', '60s']);
    await cluster.tsctl.succeed(['rm', 'shop', '--timeout', '60s']);
    await eventually(async () => (await a.exec(['ip', 'link', 'show', 'tsw0'])).code !== 0, 'the tunnel to be gone', READY_LIMIT_MS);
    assert.equal((await a.exec(['nft', 'list', 'table', 'ip', 'tessera-guard'])).code, 1);
  });
});
