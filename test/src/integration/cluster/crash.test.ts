import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isTerminal, type Task } from '@tessera/api';
import type { Host } from '@tessera/bed';
import { dockerLines, eventually, type HostDaemon, TestCluster } from '../../support/test-cluster.js';
import { countServers, provideWebImages } from '../../support/web-image.js';

const HOSTS = 3;
const REPLICAS = 15;
/** Killed when so many tasks run: the deploy is then in full swing. */
const MIDDLE = 5;
const CONVERGE_LIMIT_MS = 45_000;
const NODE_DOWN_LIMIT_MS = 6_000;
const RESTART_LIMIT_MS = 10_000;
const COMPOSE = `services:
  web:
    image: \${WEB_IMAGE}
    stop_grace_period: 2s
    deploy:
      replicas: ${REPLICAS}
      restart_policy: { condition: any, delay: 100ms }
`;

/** What is common to the suites: a stack of tasks, of which each test sees the deploy. */
class Deployment {
  private constructor(
    readonly cluster: TestCluster,
    private readonly image: string,
  ) {}

  static async prepare(store: 'embedded' | 'etcd'): Promise<Deployment> {
    const cluster = await TestCluster.create({ what: `kill-${store}`, store, hosts: HOSTS });
    try {
      const [image = ''] = await provideWebImages(cluster.bed, ['v1']);
      await writeFile(join(cluster.tsctl.folder, 'compose.yml'), COMPOSE);
      return new Deployment(cluster, image);
    } catch (error) {
      await cluster.destroy();
      throw error;
    }
  }

  /** Deploys, and ends when some of the tasks run, but not all. */
  async begin(): Promise<void> {
    await this.cluster.tsctl.succeed(['deploy', 'shop', '--detach'], { env: { WEB_IMAGE: this.image } });
    await eventually(async () => (await this.running()) >= MIDDLE, `${MIDDLE} tasks to run`, CONVERGE_LIMIT_MS);
  }

  /** @throws AssertionError when the deploy was over before the fault, which then has proved nothing. */
  async stillUnderWay(): Promise<void> {
    const running = (await this.cluster.tasksByDocker()).length;
    assert.ok(running < REPLICAS, `${running} containers run at the time of the fault`);
  }

  /** Waits until as many tasks run as are asked for, one in each slot, and the engines and process tables hold these and no other. */
  async converge(): Promise<Task[]> {
    await eventually(async () => (await this.running()) === REPLICAS, `${REPLICAS} tasks to run`, CONVERGE_LIMIT_MS);
    const tasks = await this.cluster.agree();
    const slots = tasks.map(({ slot = 0 }) => slot).sort((a, b) => a - b);
    assert.deepEqual(
      slots,
      Array.from({ length: REPLICAS }, (_, at) => at + 1),
    );
    assert.ok(tasks.every(({ status }) => status.state === 'running'));
    const processes = await Promise.all(this.cluster.bed.hosts.map(async (host) => ((await host.isOn()) ? countServers(host) : 0)));
    const sum = processes.reduce((total, count) => total + count, 0);
    assert.equal(sum, REPLICAS, `processes of tasks, by host: ${processes}`);
    return tasks;
  }

  /** Removes the stack, and ends when no host has a container, running or not. */
  async remove(): Promise<void> {
    const { tsctl, bed } = this.cluster;
    const listed = await tsctl.json<unknown[]>('ls');
    if (listed.length > 0) await tsctl.succeed(['rm', 'shop', '--timeout', '180s']);
    const isEmpty = async (): Promise<boolean> => {
      const lists = await Promise.all(bed.hosts.map((host) => dockerLines(host, 'ps', '--all', '--quiet')));
      return lists.flat().length === 0;
    };
    await eventually(isEmpty, 'all containers to be removed', RESTART_LIMIT_MS);
  }

  /** Tasks that run, by the manager; 0 while it does not answer. */
  async running(): Promise<number> {
    const tasks = await this.cluster.client.call('listTasks', { query: { all: false } }).catch(() => []);
    return tasks.filter(({ status }) => status.state === 'running').length;
  }
}

/** Kills a daemon in the middle of the deploy and starts it again. */
async function crash(deployment: Deployment, daemon: HostDaemon | undefined): Promise<void> {
  await deployment.begin();
  await daemon?.kill9();
  await deployment.stillUnderWay();
  await daemon?.start();
}

for (const store of ['embedded', 'etcd'] as const) {
  describe(`a deploy of ${REPLICAS} replicas with state in ${store} converges to exactly these`, () => {
    let deployment: Deployment;
    let cluster: TestCluster;

    before(async () => {
      deployment = await Deployment.prepare(store);
      cluster = deployment.cluster;
    });

    afterEach(() => deployment.remove());
    after(() => cluster?.destroy());

    it('after a kill -9 of the manager', async () => {
      await crash(deployment, cluster.manager);
      await deployment.converge();
    });

    if (store === 'etcd') {
      it('after a kill -9 of etcd', async () => {
        await crash(deployment, cluster.etcd);
        await deployment.converge();
      });
    } else {
      hostFaults();
    }

    /** These concern the agents, to whom the store is all one. */
    function hostFaults(): void {
      it('after a kill -9 of an agent', async () => {
        await crash(deployment, cluster.agent(1));
        await deployment.converge();
      });

      it('after a power loss of a host, elsewhere, and without duplicates when it is back', async () => {
        await deployment.begin();
        const lost = cluster.host(2);
        await lost.powerOff();
        await deployment.stillUnderWay();
        const isDown = async (): Promise<boolean> => {
          const nodes = await cluster.client.call('listNodes', {});
          return nodes.some(({ name, status }) => name === lost.name && status.state === 'down');
        };
        await eventually(isDown, `${lost.name} to be down`, NODE_DOWN_LIMIT_MS);
        const elsewhere = await deployment.converge();
        await lost.powerOn();
        await cluster.agent(2).start();
        await eventually(async () => !(await isDown()), `${lost.name} to be back`, RESTART_LIMIT_MS);
        const tasks = await deployment.converge();
        assert.deepEqual(tasks.map(({ id }) => id).sort(), elsewhere.map(({ id }) => id).sort());
      });

      it('and while its manager is away, agents adopt what runs, restart what crashes, and tell it afterwards', async () => {
        await deployment.begin();
        await deployment.converge();
        const [host, agent] = [cluster.host(1), cluster.agent(1)];
        const before = await containerTasks(host);
        const [[crashed = '', container = ''] = []] = before;
        await cluster.manager.kill9();
        await agent.kill9();
        await agent.start();
        await dockerLines(host, 'kill', container);
        const isRestarted = async (): Promise<boolean> => {
          const now = await containerTasks(host);
          return now.size === before.size && !now.has(crashed);
        };
        await eventually(isRestarted, 'the agent to restart it', RESTART_LIMIT_MS);
        const during = await containerTasks(host);
        before.delete(crashed);
        assert.deepEqual(
          [...before].filter(([task, id]) => during.get(task) !== id),
          [],
          'containers that did not run on',
        );
        await cluster.manager.start();
        await deployment.converge();
        await eventually(() => isTold(cluster, crashed), 'the crash to be in the history', RESTART_LIMIT_MS);
      });

      it('after a kill -9 of a Docker engine', async () => {
        await deployment.begin();
        // Before it, since a dead engine tells nothing.
        await deployment.stillUnderWay();
        await cluster.host(1).killDocker();
        await cluster.host(1).startDocker();
        await deployment.converge();
      });
    }
  });
}

/** Ids of running containers by task. */
async function containerTasks(host: Host): Promise<Map<string, string>> {
  const lines = await dockerLines(host, 'ps', '--no-trunc', '--format', '{{.Label "tessera.task"}} {{.ID}}');
  return new Map(lines.map((line) => line.split(' ') as [string, string]));
}

/** Whether `tsctl ps -a` lists a task as failed by kill -9, and another one that lives in its slot. */
async function isTold(cluster: TestCluster, id: string): Promise<boolean> {
  const tasks = await cluster.tsctl.json<Task[]>('ps', '-a', 'shop_web');
  const failed = tasks.find((task) => task.id === id);
  const successor = tasks.find((task) => task.slot === failed?.slot && !isTerminal(task.status.state));
  return failed?.status.state === 'failed' && failed.status.exitCode === 137 && successor !== undefined && successor.id !== id;
}
