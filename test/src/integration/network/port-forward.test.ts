import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import type { Task } from '@tessera/api';
import { provideBusybox } from '../../support/test-bed.js';
import { eventually, TestCluster } from '../../support/test-cluster.js';

const LIMIT_MS = 10_000;
const BIG_MIB = 24;
const SERVE = `mkdir -p /www/cgi-bin; dd if=/dev/urandom of=/www/big bs=1M count=${BIG_MIB} 2>/dev/null; sha256sum /www/big > /www/sum; hostname > /www/name; exec httpd -f -p 80 -h /www`;
const COMPOSE = `services:
  web: { image: "\${IMAGE}", command: ["sh", "-c", "${SERVE}"], networks: [inner], deploy: { mode: global } }
networks: { inner: { internal: true } }
`;

/** A whole body over a connection of its own. */
async function fetchFrom(port: number, path: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const [response] = await once(get({ host: '127.0.0.1', port, path, agent: false, timeout: LIMIT_MS }), 'response');
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Real hosts and engines: a port that nobody publishes, on a network that leads nowhere, reached from this machine. */
describe('tsctl port-forward to two hosts', function () {
  this.timeout(120_000);
  let cluster: TestCluster;

  before(async () => {
    cluster = await TestCluster.create({ what: 'forward', store: 'embedded', hosts: 2 });
    const image = await provideBusybox(cluster.bed);
    await writeFile(join(cluster.tsctl.folder, 'compose.yml'), COMPOSE);
    await cluster.tsctl.succeed(['deploy', 'shop', '--timeout', '60s'], { env: { IMAGE: image } });
  });

  after(() => cluster?.destroy());

  /** Forwards a port while `use` runs; Ctrl-C must end it with 130. */
  async function forwarding(args: readonly string[], use: (port: number, said: () => string) => Promise<void>): Promise<void> {
    const child = cluster.tsctl.start(['port-forward', ...args]);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text) => void (said += String(text)));
    const exit = once(child, 'exit');
    try {
      await eventually(async () => /:(\d+) ->/.test(said), 'the forward to listen', LIMIT_MS);
      await use(Number(/:(\d+) ->/.exec(said)?.[1]), () => said);
    } finally {
      child.kill('SIGINT');
      assert.equal((await exit)[0], 130);
    }
  }

  it('downloads whole files from every replica, several at a time', async () => {
    const tasks = await cluster.tsctl.json<Task[]>('ps', 'shop');
    for (const { id } of tasks) {
      await forwarding([id, ':80'], async (port) => {
        await eventually(
          () =>
            fetchFrom(port, '/sum').then(
              (text) => text.length > 64,
              () => false,
            ),
          'the server to answer',
          LIMIT_MS,
        );
        const sum = (await fetchFrom(port, '/sum')).toString().split(' ')[0];
        const files = await Promise.all([1, 2, 3, 4].map(() => fetchFrom(port, '/big')));
        for (const file of files) assert.equal(createHash('sha256').update(file).digest('hex'), sum);
      });
    }
  });

  it('reaches all replicas of a service, one for each connection', async () => {
    await forwarding(['shop_web', ':80'], async (port) => {
      const names = new Set<string>();
      await eventually(async () => names.add((await fetchFrom(port, '/name')).toString()).size === 2, 'both replicas to answer', LIMIT_MS);
    });
  });

  it('says what is wrong with a connection, and takes the next one', async () => {
    await forwarding(['shop_web', ':81'], async (port, said) => {
      await assert.rejects(fetchFrom(port, '/name'));
      await eventually(
        async () => /no connection to port 81 of the container at [\d.]+: nothing listens there/.test(said()),
        'the reason',
        LIMIT_MS,
      );
    });
    const unknown = await cluster.tsctl.run(['port-forward', 'nobody', ':80']);
    assert.equal(unknown.code, 4);
    assert.match(unknown.stderr, /there is no service or task "nobody"/);
  });

  it('lets nobody in who is no administrator', async () => {
    const key = await cluster.manager.host.exec([
      'sh',
      '-c',
      'curl -sk -o /dev/null -w "%{http_code}" -H "Connection: Upgrade" -H "Upgrade: websocket" -H "Sec-WebSocket-Version: 13" -H "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==" --http1.1 https://127.0.0.1:4600/v1/forward/shop_web/80',
    ]);
    assert.equal(key.stdout.trim(), '401');
  });
});
