import assert from 'node:assert/strict';
import { isTerminal, type ServiceSpec, type Task } from '@tessera/api';
import { serviceSpec } from '@tessera/manager/model/testing/builders';
import { deployStack } from '@tessera/manager/use-case/stacks';
import { SimWorld } from './world/world.js';

const REST_MS = 120_000;

/** Runs one job in a simulated cluster, whose containers a test ends by hand. */
class JobRun {
  private constructor(readonly world: SimWorld) {}

  static async start(mode: ServiceSpec['mode'], nodes: number): Promise<JobRun> {
    const run = new JobRun(await SimWorld.make({ seed: 5, managers: 1, nodes }));
    const { clock, managers } = run.world;
    await clock.advanceUntil(
      () => run.world.nodes.every((node) => node.isConnected) && managers[0]?.isLeader === true,
      30_000,
      'the cluster',
    );
    const service = serviceSpec('jobs_work', 0, (spec) => {
      spec.stack = 'jobs';
      spec.mode = mode;
      // The worst for a job: whatever has ended is started again, if only services did so.
      spec.template.restart = { ...spec.template.restart, condition: 'any', delayMs: 1_000 };
    });
    const { context } = managers[0] as NonNullable<(typeof managers)[0]>;
    assert.ok(context, 'the manager serves');
    const deployed = deployStack(
      context,
      'jobs',
      { name: 'jobs', services: [service], networks: [], configs: [], secrets: [] },
      { prune: false },
    );
    let isDeployed = false;
    void deployed.then(() => (isDeployed = true));
    await clock.advanceUntil(() => isDeployed, 30_000, 'the deploy');
    return run;
  }

  get tasks(): Task[] {
    return [...this.world.view.all('tasks')];
  }

  /** Containers that run, by the engines. */
  get running(): { nodeId: string; containerId: string }[] {
    return this.world.nodes.flatMap(({ id, engine }) => engine.running().map((container) => ({ nodeId: id, containerId: container.id })));
  }

  async runs(count: number): Promise<void> {
    await this.world.clock.advanceUntil(() => this.running.length === count, REST_MS, `${count} containers to run`);
  }

  /** One running container ends; waits until the manager has heard of it. */
  async endOne(exitCode: number): Promise<void> {
    const ended = this.tasks.filter(({ status }) => isTerminal(status.state)).length;
    const [first] = this.running;
    assert.ok(first, 'a container runs');
    this.world.node(first.nodeId)?.engine.crash(first.containerId, exitCode);
    await this.world.clock.advanceUntil(
      () => this.tasks.filter(({ status }) => isTerminal(status.state)).length > ended,
      REST_MS,
      'its end to be told',
    );
  }

  /** Nothing starts any more, however long one waits, also after all agents have restarted. */
  async staysDone(): Promise<void> {
    const before = this.tasks.map(({ id, status }) => `${id} ${status.state}`).sort();
    for (const node of this.world.nodes) {
      node.crashAgent();
      node.startAgent();
    }
    await this.world.clock.advance(REST_MS);
    assert.deepEqual(this.running, []);
    assert.deepEqual(this.tasks.map(({ id, status }) => `${id} ${status.state}`).sort(), before);
  }

  count(state: Task['status']['state']): number {
    return this.tasks.filter(({ status }) => status.state === state).length;
  }
}

describe('A job in a whole cluster', () => {
  let run: JobRun;
  afterEach(() => run.world.close());

  it('runs each of its completions to a good end once, so many at a time, and what failed again', async () => {
    run = await JobRun.start({ kind: 'replicated-job', completions: 4, concurrency: 2 }, 2);
    await run.runs(2);
    await run.endOne(3);
    for (const left of [2, 2, 2, 1]) {
      await run.runs(left);
      await run.endOne(0);
    }
    await run.world.clock.advance(REST_MS);
    assert.deepEqual([run.count('complete'), run.count('failed'), run.tasks.length], [4, 1, 5]);
    assert.deepEqual(
      run.tasks
        .filter(({ status }) => status.state === 'complete')
        .map(({ slot }) => slot)
        .sort(),
      [1, 2, 3, 4],
    );
    await run.staysDone();
  });

  it('of the global kind runs once on each node', async () => {
    run = await JobRun.start({ kind: 'global-job' }, 3);
    await run.runs(3);
    for (let done = 0; done < 3; done += 1) await run.endOne(0);
    await run.world.clock.advance(REST_MS);
    assert.deepEqual([run.count('complete'), run.tasks.length], [3, 3]);
    assert.deepEqual(run.tasks.map(({ nodeId }) => nodeId).sort(), ['n1', 'n2', 'n3']);
    await run.staysDone();
  });
});
