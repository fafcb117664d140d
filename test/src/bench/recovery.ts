import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Task } from '@tessera/api';
import { dockerLines, eventually, TestCluster } from '../support/test-cluster.js';
import { provideWebImages } from '../support/web-image.js';
import type { Bench, BenchContext, Report } from './bench.js';
import { median } from './statistics.js';

const HOSTS = 3;
const REPLICAS = 6;
const CRASHES = 20;
const OUTAGES = 4;
const DELAY_MS = 1_000;
const LIMIT_MS = 60_000;
const SERVICE = 'shop_web';
const COMPOSE = `services:
  web:
    image: \${WEB_IMAGE}
    deploy:
      replicas: ${REPLICAS}
      restart_policy: { condition: any, delay: ${DELAY_MS}ms, window: 100ms }
`;

interface Figures {
  /** From the end of a task to the start of its successor, without the delay of its policy. */
  restartMs: number[];
  /** `docker create` and `docker start` of the same image. */
  engineMs: number[];
  /** From the moment that a host lost its power until all its tasks run elsewhere. */
  outageMs: number[];
}

/** How long what failed is away: a crashed task, and the tasks of a host without power, on real engines. */
export const recoveryBench: Bench = {
  name: 'recovery',
  summary: 'a crashed task until it runs again, the tasks of a lost host until they run elsewhere; 3 hosts with real engines',
  async run(context): Promise<Report> {
    const cluster = await TestCluster.create({ what: 'bench-recovery', store: 'embedded', hosts: HOSTS });
    try {
      const [image = ''] = await provideWebImages(cluster.bed, ['v1']);
      await writeFile(join(cluster.tsctl.folder, 'compose.yml'), COMPOSE);
      await cluster.tsctl.succeed(['deploy', 'shop'], { env: { WEB_IMAGE: image } });
      return reportOf(await new Measurement(cluster, image, context).run());
    } finally {
      await cluster.destroy();
    }
  },
};

class Measurement {
  /** Of nodes, by their ids. */
  #names = new Map<string, string>();

  constructor(
    private readonly cluster: TestCluster,
    private readonly image: string,
    private readonly context: BenchContext,
  ) {}

  async run(): Promise<Figures> {
    const figures: Figures = { restartMs: [], engineMs: [], outageMs: [] };
    this.#names = new Map((await this.cluster.client.call('listNodes', {})).map(({ id, name }) => [id, name]));
    for (let round = 0; round < CRASHES; round++) {
      this.context.progress(`crash ${round + 1} of ${CRASHES}`);
      figures.engineMs.push(await this.engine());
      figures.restartMs.push(await this.crash(round % REPLICAS));
    }
    for (let round = 0; round < OUTAGES; round++) {
      this.context.progress(`power loss ${round + 1} of ${OUTAGES}`);
      // The first host has the manager.
      figures.outageMs.push(await this.outage(1 + (round % (HOSTS - 1))));
    }
    return figures;
  }

  /** The raw engine's part of a restart. */
  private async engine(): Promise<number> {
    const host = this.cluster.host(0);
    const startedMs = performance.now();
    const [id = ''] = await dockerLines(host, 'create', this.image);
    await dockerLines(host, 'start', id);
    const tookMs = performance.now() - startedMs;
    await dockerLines(host, 'rm', '--force', '--volumes', id);
    return tookMs;
  }

  private async crash(at: number): Promise<number> {
    const tasks = await this.running();
    const task = tasks.sort((a, b) => (a.slot ?? 0) - (b.slot ?? 0))[at] as Task;
    const host = this.cluster.bed.hosts.find(({ name }) => name === this.#nameOf(task));
    if (!host) throw new Error(`no host has task ${task.id}`);
    await dockerLines(host, 'kill', task.status.containerId ?? '');
    const successor = await eventually(
      async () => (await this.running()).find(({ slot, id }) => slot === task.slot && id !== task.id),
      `slot ${task.slot} to run again`,
      LIMIT_MS,
    );
    const ended = (await this.tasks()).find(({ id }) => id === task.id);
    await this.allRun();
    return (successor.status.startedAt ?? 0) - (ended?.status.finishedAt ?? 0) - DELAY_MS;
  }

  private async outage(at: number): Promise<number> {
    const lost = this.cluster.host(at);
    const offAt = performance.timeOrigin + performance.now();
    await lost.powerOff();
    const elsewhere = await eventually(
      async () => {
        const tasks = await this.running();
        return tasks.length === REPLICAS && tasks.every((task) => this.#nameOf(task) !== lost.name) ? tasks : undefined;
      },
      `all tasks to run elsewhere than on ${lost.name}`,
      LIMIT_MS,
    );
    await lost.powerOn();
    await this.cluster.agent(at).start();
    await eventually(
      async () => (await this.cluster.client.call('listNodes', {})).every(({ status }) => status.state === 'ready'),
      `${lost.name} to be back`,
      LIMIT_MS,
    );
    await this.cluster.tsctl.succeed(['rebalance']);
    await this.allRun();
    return Math.max(...elsewhere.map(({ status }) => status.startedAt ?? 0)) - offAt;
  }

  #nameOf({ nodeId = '' }: Task): string | undefined {
    return this.#names.get(nodeId);
  }

  private tasks(): Promise<Task[]> {
    return this.cluster.client.call('listTasks', { query: { service: SERVICE, all: true } });
  }

  private async running(): Promise<Task[]> {
    return (await this.tasks()).filter(({ status, desired }) => status.state === 'running' && desired === 'running');
  }

  private async allRun(): Promise<void> {
    await eventually(async () => (await this.running()).length === REPLICAS, 'all tasks to run', LIMIT_MS);
  }
}

function reportOf(figures: Figures): Report {
  const row = (what: string, values: readonly number[], goal: string): string[] => [
    what,
    String(values.length),
    ...[Math.min(...values), median(values), Math.max(...values)].map((ms) => `${Math.round(ms)}`),
    goal,
  ];
  const ratio = median(figures.restartMs) / median(figures.engineMs);
  return {
    tables: [
      {
        title: 'Recovery on real engines, in milliseconds',
        columns: ['what', 'times', 'least', 'median', 'most', 'goal'],
        rows: [
          row(`a crashed task runs again, after the ${DELAY_MS} ms of its policy`, figures.restartMs, '500'),
          row('the engine alone: docker create and docker start', figures.engineMs, ''),
          row('a host without power: all its tasks run elsewhere', figures.outageMs, '6000'),
        ],
        notes: [
          `A restart takes ${ratio.toFixed(1)} times what the engine alone needs, by command line, for a container of the same image.`,
          'By the times that the engines give: the end of a container and the start of the next one.',
        ],
      },
    ],
    data: figures,
  };
}
