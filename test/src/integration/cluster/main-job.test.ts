import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Task } from '@tessera/api';
import { onHost } from '../../support/test-bed.js';
import { dockerLines, eventually, TestCluster } from '../../support/test-cluster.js';
import { askWeb, provideWebImages, type WebAnswer } from '../../support/web-image.js';

const HOSTS = 3;
const PORT = 8080;
const REQUESTS_AT_A_TIME = 10;
const ANSWER_LIMIT_MS = 10_000;
const COMPOSE = `services:
  web:
    image: \${WEB_IMAGE}
    ports: ["${PORT}:80"]
    deploy:
      replicas: 3
      update_config: { parallelism: 2, order: start-first, monitor: 500ms }
`;

for (const store of ['embedded', 'etcd'] as const) {
  describe(`a cluster of three hosts with its state in ${store}`, () => {
    let cluster: TestCluster;
    let images: string[];
    let atFirst: string[];

    before(async () => {
      cluster = await TestCluster.create({ what: `job-${store}`, store, hosts: HOSTS });
      images = await provideWebImages(cluster.bed, ['v1', 'v2']);
      await writeFile(join(cluster.tsctl.folder, 'compose.yml'), COMPOSE);
      atFirst = await thingsOnHosts(cluster);
    });

    after(() => cluster?.destroy());

    async function deploy(image: string | undefined): Promise<void> {
      await cluster.tsctl.succeed(['deploy', 'shop', '--timeout', '180s'], { env: { WEB_IMAGE: image ?? '' } });
    }

    async function scale(replicas: number): Promise<Task[]> {
      await cluster.tsctl.succeed(['scale', `shop_web=${replicas}`, '--timeout', '180s']);
      const tasks = await cluster.agree();
      assert.equal(tasks.length, replicas);
      assert.ok(tasks.every(({ status }) => status.state === 'running'));
      return tasks;
    }

    it('deploys a Compose file, one replica on each host', async () => {
      await deploy(images[0]);
      const tasks = await cluster.agree();
      assert.deepEqual(
        tasks.map(({ slot, status }) => [slot, status.state]),
        [1, 2, 3].map((slot) => [slot, 'running']),
      );
      assert.deepEqual(perNode(tasks), [1, 1, 1]);
    });

    it("answers from each replica at each host's port", async () => {
      await eachReplicaAnswers(cluster, await cluster.liveTasks(), 'v1');
    });

    it('scales up, evenly spread, and all replicas answer', async () => {
      const tasks = await scale(9);
      assert.deepEqual(perNode(tasks), [3, 3, 3]);
      await eachReplicaAnswers(cluster, tasks, 'v1');
    });

    it('scales down, evenly spread, and nobody else answers', async () => {
      const tasks = await scale(2);
      assert.deepEqual(perNode(tasks), [1, 1]);
      await eachReplicaAnswers(cluster, tasks, 'v1');
    });

    it('changes the image: only the new version answers, and the old containers are gone', async () => {
      const former = await cluster.liveTasks();
      await deploy(images[1]);
      const tasks = await cluster.agree();
      assert.deepEqual(perNode(tasks), [1, 1, 1]);
      const kept = former.filter(({ id }) => tasks.some((task) => task.id === id));
      assert.deepEqual(kept, []);
      await eachReplicaAnswers(cluster, tasks, 'v2');
    });

    it('removes the stack and leaves no container, network or link on any host', async () => {
      await cluster.tsctl.succeed(['rm', 'shop', '--timeout', '180s']);
      assert.deepEqual(await cluster.agree(), []);
      let now: string[] = [];
      await eventually(
        async () => {
          now = await thingsOnHosts(cluster);
          return now.join('\n') === atFirst.join('\n');
        },
        'the hosts to be empty',
        ANSWER_LIMIT_MS,
      ).catch(() => assert.deepEqual(now, atFirst));
      assert.equal(await askWeb(cluster.host(0).ip, PORT), undefined);
    });
  });
}

/** How many tasks the nodes have, the most first; nodes without one are left out. */
function perNode(tasks: readonly Task[]): number[] {
  const counts = new Map<string, number>();
  for (const { nodeId = '-' } of tasks) counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
  return [...counts.values()].sort((a, b) => b - a);
}

/** Asks at each host until each of the tasks' containers has answered there. Any other answer is a failure. */
async function eachReplicaAnswers(cluster: TestCluster, tasks: readonly Task[], version: string): Promise<void> {
  const expected = new Set(tasks.map(({ status }) => status.containerId?.slice(0, 12) ?? `none (${status.state})`));
  await Promise.all(
    cluster.bed.hosts.map(async ({ name, ip }) => {
      const missing = new Set(expected);
      const hear = (answer: WebAnswer): void => {
        assert.equal(answer.version, version, `the version that ${name} answers`);
        assert.ok(expected.has(answer.container), `${answer.container} answers at ${name}, which is none of ${[...expected]}`);
        missing.delete(answer.container);
      };
      await eventually(
        async () => {
          const answers = await Promise.all(Array.from({ length: REQUESTS_AT_A_TIME }, () => askWeb(ip, PORT)));
          for (const answer of answers) if (answer) hear(answer);
          return missing.size === 0;
        },
        `all ${tasks.length} replicas to answer at ${name}`,
        ANSWER_LIMIT_MS,
      ).catch((error: Error) => {
        throw new Error(`${error.message}; silent: ${[...missing].join(', ')}`, { cause: error });
      });
    }),
  );
}

/** Containers, Docker networks and links of all hosts, for comparing. */
async function thingsOnHosts(cluster: TestCluster): Promise<string[]> {
  const lists = await Promise.all(
    cluster.bed.hosts.map(async (host) => {
      const [containers, networks, links] = await Promise.all([
        dockerLines(host, 'ps', '--all', '--format', 'container {{.Names}}'),
        dockerLines(host, 'network', 'ls', '--format', 'network {{.Name}}'),
        onHost(host, 'ls', '/sys/class/net'),
      ]);
      const all = [...containers, ...networks, ...links.split('\n').map((link) => `link ${link}`)];
      return all.map((thing) => `${host.name}: ${thing}`);
    }),
  );
  return lists.flat().sort();
}
