import assert from 'node:assert/strict';
import type { RebalanceResult, WhyAnswer } from '@tessera/api';
import { deployShop } from '../../support/shop.js';
import { eventually, TestCluster } from '../../support/test-cluster.js';

const LIMIT_MS = 90_000;
const COMPOSE = `services:
  even:
    image: \${WEB_IMAGE}
    deploy: { replicas: 6 }
    x-rebalance: { budget: 2 }
  plain:
    image: \${WEB_IMAGE}
    deploy: { replicas: 6 }
  huge:
    image: \${WEB_IMAGE}
    deploy: { replicas: 2, resources: { reservations: { memory: 900g } } }
`;

describe('rebalancing and explanations on real hosts', () => {
  let cluster: TestCluster;

  before(async () => {
    cluster = await TestCluster.create({ what: 'spread', store: 'embedded', hosts: 3 });
    await deployShop(cluster, COMPOSE, ['--detach']);
  });
  after(() => cluster?.destroy());

  /** Running tasks of a service on each node that has some, in order. */
  async function spread(service: string): Promise<number[]> {
    const tasks = await cluster.client.call('listTasks', { query: { service } });
    const counts = new Map<string, number>();
    for (const { nodeId = '', status } of tasks) if (status.state === 'running') counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
    return [...counts.values()].sort((a, b) => a - b);
  }

  const spreadIs = (service: string, wanted: number[]) =>
    eventually(async () => (await spread(service)).join() === wanted.join(), `${service} to be spread as ${wanted}`, LIMIT_MS);

  it('tell why a service has no place, node by node, and what helps', async () => {
    const why = () => cluster.tsctl.json<WhyAnswer>('why', 'shop_huge');
    await eventually(async () => (await why()).findings.some(({ code }) => code === 'unplaceable'), 'the reason', LIMIT_MS);
    const { findings } = await why();
    const found = findings.find(({ code }) => code === 'unplaceable');
    assert.deepEqual(found?.about, ['shop_huge.1', 'shop_huge.2']);
    assert.match(found?.text ?? '', /^no node takes it: 0\/3 nodes: 3 not enough memory \(need 900 GiB/);
    assert.match(found?.cure ?? '', /reserve less/);
    const { code, stdout } = await cluster.tsctl.run(['why', '--exit-code', 'shop_huge']);
    assert.equal(code, 1);
    assert.match(stdout, /✗ shop_huge.1, shop_huge.2: no node takes it/);
  });

  it('give a host that comes back its share, where a service asks for it', async () => {
    await Promise.all(['shop_even', 'shop_plain'].map((service) => spreadIs(service, [2, 2, 2])));
    await cluster.agent(2).kill9();
    await Promise.all(['shop_even', 'shop_plain'].map((service) => spreadIs(service, [3, 3])));
    await cluster.agent(2).start();
    await spreadIs('shop_even', [2, 2, 2]);
    assert.deepEqual(await spread('shop_plain'), [3, 3]);
  });

  it('do so for other services when they are asked to, and say before what they would do', async () => {
    const planned = await cluster.tsctl.json<RebalanceResult>('rebalance', '--dry-run', 'shop_plain');
    assert.deepEqual(
      planned.moves.map(({ service, to }) => [service, to]),
      Array(2).fill(['shop_plain', cluster.host(2).name]),
    );
    assert.deepEqual(await spread('shop_plain'), [3, 3]);
    const { code, stderr } = await cluster.tsctl.run(['rebalance', 'shop_plain', '--timeout', '180s']);
    assert.equal(code, 0, stderr);
    assert.match(stderr, /2 tasks moved/);
    assert.deepEqual(await spread('shop_plain'), [2, 2, 2]);
    assert.deepEqual((await cluster.tsctl.json<RebalanceResult>('rebalance', 'shop_plain')).moves, []);
  });
});
