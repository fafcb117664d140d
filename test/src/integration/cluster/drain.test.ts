import assert from 'node:assert/strict';
import type { Task } from '@tessera/api';
import { deployShop } from '../../support/shop.js';
import { eventually, TestCluster } from '../../support/test-cluster.js';
import { askWeb } from '../../support/web-image.js';

const LIMIT_MS = 60_000;
const PORT = 8080;
/** Connections of a task that stops are its own affair: so many answers of a hundred may be lost while all tasks of a node move. */
const MOST_LOST = 0.05;
const COMPOSE = `services:
  web:
    image: \${WEB_IMAGE}
    ports: ["${PORT}:80"]
    stop_grace_period: 2s
    deploy:
      replicas: 3
  pinned:
    image: \${WEB_IMAGE}
    stop_grace_period: 2s
    deploy:
      placement: { constraints: ["node.hostname == \${PINNED}"] }
`;

describe('draining a real host', () => {
  let cluster: TestCluster;

  before(async () => {
    cluster = await TestCluster.create({ what: 'drain', store: 'embedded', hosts: 3 });
    await deployShop(cluster, COMPOSE, ['--timeout', '180s'], { PINNED: cluster.host(2).name });
  });
  after(() => cluster?.destroy());

  async function tasks(service: string): Promise<Task[]> {
    return cluster.client.call('listTasks', { query: { service, all: false } });
  }

  it('moves its tasks elsewhere before it stops them, while clients ask at the published port', async () => {
    await cluster.agree();
    const asked = { answered: 0, lost: 0 };
    let isOver = false;
    const ask = async (): Promise<void> => {
      while (!isOver) {
        if (await askWeb(cluster.host(0).ip, PORT)) asked.answered++;
        else asked.lost++;
      }
    };
    let fewest = 3;
    const count = async (): Promise<void> => {
      while (!isOver) fewest = Math.min(fewest, (await tasks('shop_web')).filter(({ status }) => status.state === 'running').length);
    };
    const [asking, counting] = [ask(), count()];
    const startedAt = performance.now();
    const out = await cluster.tsctl.succeed(['node', 'drain', '--wait', '--timeout', '180s', cluster.host(1).name]);
    const tookMs = Math.round(performance.now() - startedAt);
    await eventually(async () => asked.answered > 20, 'some answers', LIMIT_MS);
    isOver = true;
    await Promise.all([asking, counting]);
    console.log(`        drained in ${tookMs} ms; ${asked.answered} answers, ${asked.lost} lost; never fewer than ${fewest} tasks ran`);
    assert.equal(out.trim(), cluster.host(1).name);
    assert.equal(fewest, 3);
    assert.ok(asked.lost <= MOST_LOST * asked.answered, `${asked.lost} of ${asked.answered} answers lost`);
    const after = await cluster.agree();
    const nodes = await cluster.client.call('listNodes', {});
    const drained = nodes.find(({ name }) => name === cluster.host(1).name)?.id;
    assert.deepEqual(
      after.filter(({ nodeId }) => nodeId === drained),
      [],
    );
    await cluster.tsctl.succeed(['node', 'activate', cluster.host(1).name]);
  });

  it('says what cannot move and why, and ends with 124 when time is over; what cannot move runs on', async () => {
    const { code, stderr } = await cluster.tsctl.run(['node', 'drain', '--wait', '--timeout', '8s', cluster.host(2).name]);
    assert.equal(code, 124, stderr);
    assert.match(stderr, /shop_pinned\.1 cannot move yet: .*drained/);
    assert.match(stderr, /shop_pinned\.1: running, its successor is pending/);
    assert.ok((await tasks('shop_pinned')).some(({ status }) => status.state === 'running'));
    await cluster.tsctl.succeed(['node', 'activate', cluster.host(2).name]);
    await eventually(async () => (await tasks('shop_pinned')).length === 1, 'the successor to be given up', LIMIT_MS);
  });
});
