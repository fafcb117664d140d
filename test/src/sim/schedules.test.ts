import assert from 'node:assert/strict';
import { isTerminal, type JobRun } from '@tessera/api';
import { serviceSpec } from '@tessera/manager/model/testing/builders';
import { deployStack } from '@tessera/manager/use-case/stacks';
import { SimWorld } from './world/world.js';

const PERIOD_MS = 20_000;
const LIMIT_MS = 30_000;

describe('A schedule in a whole cluster whose leader changes', () => {
  let world: SimWorld;
  afterEach(() => world.close());

  const leader = () => world.managers.find((manager) => manager.isLeader);
  const runs = (): readonly JobRun[] => [...world.view.all('services')][0]?.job?.runs ?? [];

  async function deploy(): Promise<void> {
    const service = serviceSpec('jobs_tick', 0, (spec) => {
      spec.stack = 'jobs';
      spec.mode = { kind: 'replicated-job', completions: 1, concurrency: 1 };
      spec.schedule = { cron: '*/20 * * * * *', timezone: 'UTC', concurrency: 'replace', missed: 'run-once', history: 1000 };
    });
    const context = leader()?.context;
    assert.ok(context, 'a manager leads and serves');
    let isDeployed = false;
    const stack = { name: 'jobs', services: [service], networks: [], configs: [], secrets: [] };
    void deployStack(context, 'jobs', stack, { prune: false }).then(() => (isDeployed = true));
    await world.clock.advanceUntil(() => isDeployed, LIMIT_MS, 'the deploy');
  }

  it('is stood for by one run each time, though leaders crash just when it is due', async () => {
    world = await SimWorld.make({ seed: 11, managers: 2, nodes: 2 });
    await world.clock.advanceUntil(() => world.nodes.every((node) => node.isConnected) && leader() !== undefined, LIMIT_MS, 'the cluster');
    await deploy();
    const startedAt = world.clock.now();
    for (let crash = 0; crash < 6; crash++) {
      // A little earlier or later each time, around the moment at which it is due.
      const due = Math.ceil((world.clock.now() + PERIOD_MS) / PERIOD_MS) * PERIOD_MS;
      await world.clock.advance(due - world.clock.now() + (crash - 3) * 7);
      const crashed = leader();
      if (crashed) world.crashManager(crashed);
      await world.clock.advanceUntil(() => leader() !== undefined, LIMIT_MS, 'another leader');
      crashed?.start();
      await world.clock.advance(2 * PERIOD_MS);
    }
    const times = runs().map(({ scheduledAt = 0 }) => scheduledAt);
    assert.deepEqual(times, [...new Set(times)], 'no time has two runs');
    assert.deepEqual(
      times.map((time) => (time - (times[0] ?? 0)) / PERIOD_MS),
      times.map((_, index) => index),
      'no time is left out',
    );
    assert.ok(times.length >= Math.floor((world.clock.now() - startedAt) / PERIOD_MS), `${times.length} runs`);
    await world.clock.advance(PERIOD_MS);
    const live = [...world.view.all('tasks')].filter(({ status }) => !isTerminal(status.state));
    assert.ok(new Set(live.map(({ run }) => run)).size <= 2, 'a run goes when the next one comes');
  });
});
