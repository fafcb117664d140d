import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Node, Task } from '@tessera/api';
import type { Host } from '@tessera/bed';
import { parseAddress } from '@tessera/kit/transport/index';
import { provideAnswerImages } from '../../support/answer-image.js';
import { httpLoad, type Load } from '../../support/load.js';
import { fetchFrom, forwarding } from '../../support/port-forward.js';
import { onHost } from '../../support/test-bed.js';
import { eventually } from '../../support/test-cluster.js';
import type { Run } from '../../support/tsctl.js';
import { provideWebImages } from '../../support/web-image.js';
import { ManagedCluster } from './managed-cluster.js';

const LIMIT_MS = 60_000;
/** A host's agent goes to one of its managers by chance. */
const MOST_ATTEMPTS = 30;
/** Longer than a node of a manager without an answer would be waited for, and the drain. */
const STILL_MS = 1_500;

/** A service that ends its connections well; and one that dies at its stop signal, on one host alone. */
const compose = (answer: string, web: string, host: string): string => `services:
  shop:
    image: ${answer}
    ports: ["8080:80"]
    stop_grace_period: 4s
    healthcheck: { test: "wget -q -O /dev/null http://127.0.0.1/", interval: 1s, start_interval: 200ms, start_period: 5s }
    deploy: { mode: global, update_config: { parallelism: 1, order: start-first, monitor: 500ms } }
  frail:
    image: ${web}
    ports: ["8081:80"]
    stop_grace_period: 1s
    x-drain: 300ms
    healthcheck: { test: "wget -q -O /dev/null http://127.0.0.1/", interval: 1s, retries: 5 }
    deploy: { placement: { constraints: ["node.hostname == ${host}"] }, update_config: { order: start-first, monitor: 500ms } }
`;

/** Real engines and managers: what one manager decides, nodes of the other one carry out. */
describe('nodes that two managers serve', () => {
  let world: ManagedCluster;
  let near: Node;
  let far: Node;
  let answers: string[];
  let webs: string[];

  before(async () => {
    world = await ManagedCluster.create('split', 2);
    answers = await provideAnswerImages(world.cluster.bed, ['v1', 'v2']);
    webs = await provideWebImages(world.cluster.bed, ['v1', 'v2']);
    await world.served(2);
    [near, far] = await split();
    await deploy(0, 0);
  });
  after(() => world?.destroy());

  /** Starts an agent anew until it goes to another manager than that of the first host. */
  async function split(): Promise<[Node, Node]> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const [first, ...others] = (await world.nodes()).sort((a, b) => (a.name < b.name ? -1 : 1));
      const other = others.find(({ session }) => session?.manager !== first?.session?.manager);
      if (first && other) return [first, other];
      const agent = world.cluster.agent(2);
      const before = others.find(({ name }) => name === 'node3')?.session?.epoch;
      await agent.kill9();
      await agent.start();
      const isBack = async (): Promise<boolean> =>
        (await world.nodes()).some(
          ({ name, session, status }) => name === 'node3' && session?.epoch !== before && status.state === 'ready',
        );
      await eventually(isBack, 'the agent to be back', LIMIT_MS);
    }
    throw new Error('all agents go to one manager');
  }

  async function deploy(answer: number, web: number, ...more: string[]): Promise<void> {
    const { tsctl } = world.cluster;
    await writeFile(join(tsctl.folder, 'compose.yml'), compose(answers[answer] ?? '', webs[web] ?? '', near.name));
    await tsctl.succeed(['deploy', 'two', '--timeout', '180s', ...more]);
  }

  const ipOf = (node: Node): string => node.description?.address ?? '';

  async function underLoad(loads: Load[], work: () => Promise<void>): Promise<void> {
    await eventually(async () => loads.every(({ result }) => result.answered > 20), 'some answers', LIMIT_MS);
    try {
      await work();
    } finally {
      await Promise.all(loads.map((load) => load.end()));
    }
    const failures = loads.flatMap(({ result }) => result.failures);
    assert.deepEqual(failures.length, 0, `${failures.length}: ${[...new Set(failures)].join('; ')}; ${world.lapses.join('; ')}`);
  }

  /**
   * Nothing that managers say reaches the node. Its agent gives its session up for lost after three seconds, and can go to none of them: the node
   * is ready for ten seconds more.
   */
  async function deafen(node: Node): Promise<void> {
    const rules = world.members
      .map(({ address }) => parseAddress(address))
      .map(({ host, port }) => `ip saddr ${host} tcp sport ${port} drop;`);
    const chain = `type filter hook input priority 0; ${rules.join(' ')}`;
    await onHost(hostOf(node), 'nft', `table ip deaf { chain in { ${chain} }; }`);
  }

  const undeafen = (node: Node): Promise<string> => onHost(hostOf(node), 'nft', 'delete', 'table', 'ip', 'deaf');

  const hostOf = (node: Node): Host => world.cluster.host(world.cluster.bed.hosts.findIndex(({ name }) => name === node.name));

  it('fail no request while a service on all of them is updated', async () => {
    const loads = world.cluster.bed.hosts.flatMap(({ ip }) => [
      httpLoad(ip, 8080, { workers: 1, keepAlive: true }),
      httpLoad(ip, 8080, { workers: 1, keepAlive: false }),
    ]);
    await underLoad(loads, () => deploy(1, 0));
    assert.ok([...(loads[0]?.result.answers.keys() ?? [])].some((answer) => answer.startsWith('v2')));
  });

  it('are waited for, also the one of the other manager that is slow to hear of a change', async () => {
    const frail = async (): Promise<Task[]> => world.cluster.client.call('listTasks', { query: { service: 'two_frail', all: true } });
    const [old] = await frail();
    await underLoad([httpLoad(ipOf(far), 8081, { workers: 1, keepAlive: false })], async () => {
      const deployed = deploy(1, 1);
      await eventually(
        async () => (await frail()).some(({ id, status }) => id !== old?.id && status.state === 'starting'),
        'a successor',
        LIMIT_MS,
      );
      await deafen(far);
      try {
        const isTold = async (): Promise<boolean> => (await frail()).some(({ id, desired }) => id === old?.id && desired === 'shutdown');
        await eventually(isTold, 'the old task to be told to go', LIMIT_MS);
        const toldAt = performance.now();
        await eventually(async () => performance.now() - toldAt > STILL_MS, 'the time in which it would be stopped', LIMIT_MS);
        assert.deepEqual((await frail()).find(({ id }) => id === old?.id)?.status.state, 'running');
      } finally {
        await undeafen(far);
      }
      await deployed;
    });
  });

  it('are waited for by commands, also the one of the other manager that is slow to hear of a task', async () => {
    const { tsctl, client } = world.cluster;
    const isOver = async (): Promise<boolean> => {
      const progress = await client.call('listProgress', { query: { stack: 'two' } });
      return progress.every(({ name, converged, desired }) => converged && (name !== 'two_frail' || desired === 2));
    };
    const isStarting = async (): Promise<boolean> => (await client.call('listTasks', { query: { service: 'two_frail' } })).length === 2;
    let ended: Run | undefined;
    const scaled = tsctl.run(['service', 'scale', 'two_frail=2', '--timeout', '180s']).then((run) => (ended = run));
    await eventually(isStarting, 'the second task', LIMIT_MS);
    await deafen(far);
    try {
      await eventually(isOver, 'the second task to run', LIMIT_MS);
      const overAt = performance.now();
      await eventually(async () => performance.now() - overAt > STILL_MS, 'the time in which the command would end', LIMIT_MS);
      assert.equal(ended, undefined);
    } finally {
      await undeafen(far);
    }
    const { code, stderr } = await scaled;
    assert.equal(code, 0, stderr);
    assert.doesNotMatch(stderr, /not yet known/);
  });

  it('forward ports through whichever manager is asked', async () => {
    const { tsctl, admin } = world.cluster;
    const tasks = await world.cluster.client.call('listTasks', { query: { service: 'two_shop', all: false } });
    assert.deepEqual(new Set(tasks.map(({ nodeId }) => nodeId)).size, 3);
    for (const [at, { address }] of world.members.entries()) {
      const context = { endpoints: [`https://${address}`], ...admin };
      await tsctl.succeed(['context', 'import', `member${at}`], { input: JSON.stringify(context) });
      for (const { id } of tasks)
        await forwarding(tsctl, ['--context', `member${at}`, id, ':80'], async (port) => {
          assert.match((await fetchFrom(port, '/')).toString(), /^v2 /);
        });
    }
  });

  it('say through whichever manager is asked why a port of a task is not there', async () => {
    for (const at of world.members.keys())
      for (const node of [near, far]) {
        const tasks = await world.cluster.client.call('listTasks', { query: { service: 'two_shop', all: false } });
        const task = tasks.find(({ nodeId }) => nodeId === node.id);
        await forwarding(world.cluster.tsctl, ['--context', `member${at}`, task?.id ?? '', ':81'], async (port, said) => {
          await assert.rejects(fetchFrom(port, '/'));
          await eventually(async () => /nothing listens there/.test(said()), 'the reason', LIMIT_MS);
        });
      }
  });
});
