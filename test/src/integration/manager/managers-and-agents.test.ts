import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client, type Manager, type Node, type SourcedLogFrame, type Task } from '@tessera/api';
import { SystemClock, SystemRandom, silentLog } from '@tessera/kit';
import { HttpsTransport } from '@tessera/kit/transport/index';
import { openKv } from '@tessera/manager/adapters/kv/open';
import type { Kv } from '@tessera/manager/ports/kv';
import { eventually, type HostDaemon, TestCluster } from '../../support/test-cluster.js';
import { provideWebImages } from '../../support/web-image.js';

const REPLICAS = 6;
const LIMIT_MS = 30_000;
const ETCD_PORT = 2379;
const MANAGER_PORT = 4600;
const NODES = 'tessera/v1/nodes/';
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

/** A manager with its own client: what it says itself, not what any manager says. */
interface Member {
  daemon: HostDaemon;
  address: string;
  client: Client;
  transport: HttpsTransport;
}

/** A cluster whose hosts each have a manager, on one etcd, whose records of nodes are watched all the time. */
class ManagedCluster {
  /** Every state that the store has had of a node that is not ready. */
  readonly lapses: string[] = [];

  private constructor(
    readonly cluster: TestCluster,
    readonly members: readonly Member[],
    private readonly kv: Kv,
    private readonly image: string,
  ) {}

  static async create(managers: number): Promise<ManagedCluster> {
    const cluster = await TestCluster.create({ what: `managers-${managers}`, store: 'etcd', hosts: 3, managers });
    try {
      const clock = new SystemClock();
      const [image = ''] = await provideWebImages(cluster.bed, ['v1']);
      await writeFile(join(cluster.tsctl.folder, 'compose.yml'), COMPOSE);
      const members = cluster.managers.map((daemon): Member => {
        const address = `${daemon.host.ip}:${MANAGER_PORT}`;
        const transport = new HttpsTransport({ addresses: [address], credentials: cluster.admin, clock });
        return { daemon, address, transport, client: new Client(transport) };
      });
      const kv = await openKv(`etcd://${cluster.host(0).ip}:${ETCD_PORT}`, { clock, random: new SystemRandom(), log: silentLog });
      const made = new ManagedCluster(cluster, members, kv, image);
      await made.#watch();
      return made;
    } catch (error) {
      await cluster.destroy();
      throw error;
    }
  }

  async destroy(): Promise<void> {
    for (const { transport } of this.members) transport.close();
    await this.kv.close();
    await this.cluster.destroy();
  }

  async #watch(): Promise<void> {
    const { revision } = await this.kv.range(NODES);
    this.kv.watch(NODES, {
      fromRevision: revision + 1,
      onEvents: (events) => {
        for (const event of events) {
          if (event.type === 'delete') continue;
          const { name, status } = JSON.parse(String(event.entry.value)) as Node;
          if (status.state !== 'ready') this.lapses.push(`${name} ${status.state}: ${status.message}`);
        }
      },
      onEnd: (reason) => this.lapses.push(`the watch of the test ended: ${reason}`),
    });
  }

  async deploy(version: string, ...more: string[]): Promise<void> {
    await this.cluster.tsctl.succeed(['deploy', 'shop', ...more], { env: { WEB_IMAGE: this.image, VERSION: version } });
  }

  async managers(): Promise<Manager[]> {
    const { entries } = await this.kv.range('tessera/v1/managers/');
    return entries.map(({ key, value }) => ({ ...(JSON.parse(String(value)) as Manager), id: key.split('/').at(-1) ?? '' }));
  }

  async idOf({ address }: Member): Promise<string | undefined> {
    return (await this.managers()).find(({ addresses }) => addresses.includes(address))?.id;
  }

  nodes(): Promise<Node[]> {
    return this.kv.range(NODES).then(({ entries }) => entries.map(({ value }) => JSON.parse(String(value)) as Node));
  }

  async leader(): Promise<Member> {
    for (const member of this.members) if ((await member.client.call('getInfo', {}).catch(() => undefined))?.leader) return member;
    throw new Error('no manager leads');
  }

  /** Waits until all nodes are served by managers that run, and only so many run: then nobody judges any node for its manager. */
  async served(managers: number): Promise<void> {
    const isServed = async (): Promise<boolean> => {
      const ids = (await this.managers()).map(({ id }) => id);
      return ids.length === managers && (await this.nodes()).every(({ session }) => ids.includes(session?.manager ?? ''));
    };
    await eventually(isServed, `all nodes to be served by the ${managers} managers`, LIMIT_MS);
  }

  async agreed(): Promise<Task[]> {
    const tasks = await this.cluster.agree(LIMIT_MS);
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
  describe(`${managers} managers on one etcd, and agents that may go to any of them`, function () {
    this.timeout(180_000);
    let world: ManagedCluster;

    before(async () => {
      world = await ManagedCluster.create(managers);
      await world.deploy('first');
    });
    after(() => world?.destroy());

    it('give the log of every task, whichever manager is asked and whichever serves its node', async () => {
      const tasks = await world.agreed();
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
      const before = await world.agreed();
      const serving = (await world.nodes()).map(({ session }) => session?.manager);
      // One that serves nodes, since else nothing would have to move.
      const ids = await Promise.all(world.members.map((member) => world.idOf(member)));
      const victim = world.members[ids.findIndex((id) => serving.includes(id))];
      assert.ok(victim, `one of ${ids} serves one of the nodes ${serving}`);
      await victim.daemon.kill9();
      await world.served(managers - 1);
      assert.deepEqual(world.lapses, []);
      const survivors = await world.agreed();
      assert.deepEqual(survivors.map(({ id }) => id).sort(), before.map(({ id }) => id).sort());
      await victim.daemon.start();
      await world.served(managers);
      assert.deepEqual(world.lapses, []);
    });

    it('finish a rolling update whose leader is killed in the middle, and disturb nothing else', async () => {
      const old = new Set((await world.agreed()).map(({ id }) => id));
      await world.deploy('second', '--detach');
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
      const tasks = await world.agreed();
      assert.ok(tasks.every(({ id }) => !old.has(id)));
      assert.deepEqual(world.lapses, []);
      await leader.daemon.start();
      await world.served(managers);
    });
  });
}
