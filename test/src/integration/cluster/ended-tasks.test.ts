import assert from 'node:assert/strict';
import type { Task } from '@tessera/api';
import { deployShop } from '../../support/shop.js';
import { dockerLines, eventually, TestCluster } from '../../support/test-cluster.js';

const LIMIT_MS = 30_000;
const COMPOSE = `services:
  crash:
    image: \${WEB_IMAGE}
    command: [sh, -c, "echo boom of $$(hostname); sleep 1; exit 3"]
    deploy:
      restart_policy: { condition: any, delay: 200ms }
  work:
    image: \${WEB_IMAGE}
    command: [sh, -c, "echo done by $$(hostname)"]
    deploy:
      mode: replicated-job
      replicas: 3
      restart_policy: { condition: any, delay: 200ms }
`;

describe('tasks that have ended, on real hosts', () => {
  let cluster: TestCluster;

  before(async () => {
    cluster = await TestCluster.create({ what: 'ended', store: 'embedded', hosts: 2 });
    await deployShop(cluster, COMPOSE, ['--detach']);
  });
  after(() => cluster?.destroy());

  /** Different lines of a service's log that begin so. */
  const lines = async (service: string, text: string): Promise<Set<string>> => {
    const out = await cluster.tsctl.succeed(['logs', service]);
    return new Set(
      out
        .split('\n')
        .flatMap((line) => line.split(' | ')[1] ?? [])
        .filter((line) => line.startsWith(text)),
    );
  };

  it('show in the log of a crash loop what each run said, and each new run to those who follow', async () => {
    await eventually(async () => (await lines('shop_crash', 'boom')).size >= 3, 'the words of three runs', LIMIT_MS);
    const known = await lines('shop_crash', 'boom');
    const query = { follow: true, timestamps: false };
    const followed = new Set<string>();
    for await (const { frame } of cluster.client.stream('serviceLogs', { params: { ref: 'shop_crash' }, query })) {
      if (frame.type === 'line') followed.add(frame.text.trim());
      if (followed.size >= known.size + 2) break;
    }
    assert.ok([...followed].filter((line) => !known.has(line)).length >= 2);
  });

  it('are those of a job that is done, once for each completion', async () => {
    const states = async (): Promise<string[]> => {
      const tasks = await cluster.tsctl.json<Task[]>('ps', '--all', 'shop_work');
      return tasks.map(({ status }) => status.state);
    };
    await eventually(async () => (await states()).filter((state) => state === 'complete').length === 3, 'the job to be done', LIMIT_MS);
    const starts = (await lines('shop_work', 'done')).size;
    assert.equal(starts, 3);
    assert.deepEqual(await states(), ['complete', 'complete', 'complete']);
  });

  it('go with their service, and their containers with them', async () => {
    await cluster.tsctl.succeed(['rm', 'shop']);
    const containers = async (): Promise<string[]> => {
      const lists = await Promise.all(cluster.bed.hosts.map((host) => dockerLines(host, 'ps', '--all', '--quiet')));
      return lists.flat();
    };
    await eventually(async () => (await containers()).length === 0, 'all containers to be removed', LIMIT_MS);
  });
});
