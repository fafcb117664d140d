import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Task } from '@tessera/api';
import { fetchFrom, forwarding } from '../../support/port-forward.js';
import { provideBusybox } from '../../support/test-bed.js';
import { eventually, TestCluster } from '../../support/test-cluster.js';

const LIMIT_MS = 10_000;
const BIG_MIB = 24;
const SERVE = `mkdir -p /www/cgi-bin; dd if=/dev/urandom of=/www/big bs=1M count=${BIG_MIB} 2>/dev/null; sha256sum /www/big > /www/sum; hostname > /www/name; exec httpd -f -p 80 -h /www`;
const COMPOSE = `services:
  web: { image: "\${IMAGE}", command: ["sh", "-c", "${SERVE}"], networks: [inner], deploy: { mode: global } }
networks: { inner: { internal: true } }
`;

/** Real hosts and engines: a port that nobody publishes, on a network that leads nowhere, reached from this machine. */
describe('tsctl port-forward to two hosts', () => {
  let cluster: TestCluster;

  before(async () => {
    cluster = await TestCluster.create({ what: 'forward', store: 'embedded', hosts: 2 });
    const image = await provideBusybox(cluster.bed);
    await writeFile(join(cluster.tsctl.folder, 'compose.yml'), COMPOSE);
    await cluster.tsctl.succeed(['deploy', 'shop', '--timeout', '180s'], { env: { IMAGE: image } });
  });

  after(() => cluster?.destroy());

  it('downloads whole files from every replica, several at a time', async () => {
    const tasks = await cluster.tsctl.json<Task[]>('ps', 'shop');
    for (const { id } of tasks) {
      await forwarding(cluster.tsctl, [id, ':80'], async (port) => {
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
    await forwarding(cluster.tsctl, ['shop_web', ':80'], async (port) => {
      const names = new Set<string>();
      await eventually(async () => names.add((await fetchFrom(port, '/name')).toString()).size === 2, 'both replicas to answer', LIMIT_MS);
    });
  });

  it('says what is wrong with a connection, and takes the next one', async () => {
    await forwarding(cluster.tsctl, ['shop_web', ':81'], async (port, said) => {
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
