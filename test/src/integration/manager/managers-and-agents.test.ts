import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourcedLogFrame, Task } from '@tessera/api';
import { eventually } from '../../support/test-cluster.js';
import { provideWebImages } from '../../support/web-image.js';
import { ManagedCluster, type Member } from './managed-cluster.js';

const REPLICAS = 6;
const LIMIT_MS = 30_000;
const COMPOSE = `services:
  web:
    image: \${WEB_IMAGE}
    command: ["sh", "-c", "echo \${VERSION} says hello; trap 'exit 0' TERM; sleep 1000000 & wait"]
    stop_grace_period: 2s
    deploy:
      replicas: ${REPLICAS}
      restart_policy: { condition: any, delay: 100ms }
      update_config: { parallelism: 1, order: start-first, monitor: 1s }
`;

/** A cluster with several managers that runs a small service. */
class ServingCluster {
  private constructor(
    readonly managed: ManagedCluster,
    private readonly image: string,
  ) {}

  static async create(managers: number): Promise<ServingCluster> {
    const managed = await ManagedCluster.create(`managers-${managers}`, managers);
    try {
      const { bed, tsctl } = managed.cluster;
      const [image = ''] = await provideWebImages(bed, ['v1']);
      await writeFile(join(tsctl.folder, 'compose.yml'), COMPOSE);
      return new ServingCluster(managed, image);
    } catch (error) {
      await managed.destroy();
      throw error;
    }
  }

  async deploy(version: string, ...more: string[]): Promise<void> {
    await this.managed.cluster.tsctl.succeed(['deploy', 'shop', ...more], { env: { WEB_IMAGE: this.image, VERSION: version } });
  }

  async agreed(): Promise<Task[]> {
    const tasks = await this.managed.cluster.agree(LIMIT_MS);
    assert.equal(tasks.length, REPLICAS);
    assert.ok(tasks.every(({ status }) => status.state === 'running'));
    return tasks;
  }
}

async function logOf({ client }: Member, task: Task): Promise<SourcedLogFrame[]> {
  const frames: SourcedLogFrame[] = [];
  const query = { follow: false, timestamps: false };
  for await (const frame of client.stream('taskLogs', { params: { ref: task.id }, query })) frames.push(frame);
  return frames;
}

for (const managers of [2, 3]) {
  describe(`${managers} managers on one etcd, and agents that may go to any of them`, () => {
    let serving: ServingCluster;
    let world: ManagedCluster;

    before(async () => {
      serving = await ServingCluster.create(managers);
      world = serving.managed;
      await serving.deploy('first');
    });
    after(() => world?.destroy());

    it('give the log of every task, whichever manager is asked and whichever serves its node', async () => {
      const tasks = await serving.agreed();
      for (const member of world.members) {
        for (const task of tasks) {
          const frames = await logOf(member, task);
          assert.deepEqual(
            frames.map(({ frame }) => (frame.type === 'line' ? frame.text : frame.type)),
            ['first says hello', 'end'],
            `the log of a task on ${task.nodeId}, asked of ${member.address}: ${JSON.stringify(frames)}`,
          );
        }
      }
    });

    it('let every node look at its network, whichever manager is asked and whichever serves it', async () => {
      const names = (await world.nodes()).map(({ name }) => name).sort();
      for (const { client, address } of world.members) {
        const { nodes, skipped, problems } = await client.call('diagnoseNetworks', {});
        assert.deepEqual({ nodes: nodes.sort(), skipped, problems }, { nodes: names, skipped: [], problems: [] }, address);
      }
    });

    it('leave every node ready and every task as it was when one is killed, and take it back', async () => {
      const before = await serving.agreed();
      const servedBy = (await world.nodes()).map(({ session }) => session?.manager);
      // One that serves nodes, since else nothing would have to move.
      const ids = await Promise.all(world.members.map((member) => world.idOf(member)));
      const victim = world.members[ids.findIndex((id) => servedBy.includes(id))];
      assert.ok(victim, `one of ${ids} serves one of the nodes ${servedBy}`);
      await victim.daemon.kill9();
      await world.served(managers - 1);
      assert.deepEqual(world.lapses, []);
      const survivors = await serving.agreed();
      assert.deepEqual(survivors.map(({ id }) => id).sort(), before.map(({ id }) => id).sort());
      await victim.daemon.start();
      await world.served(managers);
      assert.deepEqual(world.lapses, []);
    });

    it('finish a rolling update whose leader is killed in the middle, and disturb nothing else', async () => {
      const old = new Set((await serving.agreed()).map(({ id }) => id));
      await serving.deploy('second', '--detach');
      const renewed = async (): Promise<number> => {
        const tasks = await world.cluster.client.call('listTasks', { query: { all: false } }).catch(() => []);
        return tasks.filter(({ id, status }) => !old.has(id) && status.state === 'running').length;
      };
      await eventually(async () => (await renewed()) >= 1, 'the first task of the update to run', LIMIT_MS);
      const leader = await world.leader();
      await leader.daemon.kill9();
      assert.ok((await renewed()) < REPLICAS, 'the update was under way when its leader was killed');
      const isDone = async (): Promise<boolean> => {
        const [service] = await world.cluster.client.call('listServices', { query: {} }).catch(() => []);
        return service?.update?.state === 'completed';
      };
      await eventually(isDone, 'the update to complete', 60_000);
      const tasks = await serving.agreed();
      assert.ok(tasks.every(({ id }) => !old.has(id)));
      assert.deepEqual(world.lapses, []);
      await leader.daemon.start();
      await world.served(managers);
    });
  });
}
