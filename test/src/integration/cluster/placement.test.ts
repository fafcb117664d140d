import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Node, PlacementExplanation, Task } from '@tessera/api';
import { dockerLines, eventually, TestCluster } from '../../support/test-cluster.js';
import { provideWebImages } from '../../support/web-image.js';

const LIMIT_MS = 30_000;
const ZONES: Readonly<Record<string, string>> = { node1: 'a', node2: 'a', node3: 'b' };

const service = (name: string, ...lines: string[]): string =>
  [`  ${name}:`, `    image: \${WEB_IMAGE}`, ...lines.map((line) => `    ${line}`)].join('\n');
const gpus = (count: number): string =>
  `deploy: {replicas: ${count}, resources: {reservations: {generic_resources: [{discrete_resource_spec: {kind: gpu, value: 1}}]}}}`;

describe('placement on three hosts', () => {
  let cluster: TestCluster;
  let image = '';

  before(async () => {
    cluster = await TestCluster.create({ what: 'place', store: 'embedded', hosts: 3 });
    [image = ''] = await provideWebImages(cluster.bed, ['v1']);
    for (const [node, zone] of Object.entries(ZONES)) await cluster.tsctl.succeed(['node', 'update', '--label-add', `zone=${zone}`, node]);
  });
  after(() => cluster?.destroy());

  async function deploy(stack: string, services: string[], ...flags: string[]): Promise<void> {
    await writeFile(join(cluster.tsctl.folder, 'compose.yml'), `services:\n${services.join('\n')}\n`);
    await cluster.tsctl.succeed(['deploy', stack, '--timeout', '180s', ...flags], { env: { WEB_IMAGE: image } });
  }

  /** Names of the nodes that tasks of a service run on or are to run on. */
  async function nodesOf(name: string): Promise<string[]> {
    const nodes = await cluster.tsctl.json<Node[]>('node', 'ls');
    const tasks = await cluster.tsctl.json<Task[]>('ps', name);
    return tasks.map(({ nodeId }) => nodes.find(({ id }) => id === nodeId)?.name ?? 'none').sort();
  }

  it('keeps tasks apart over zones, and a third one waits with the reason in tsctl ps', async () => {
    const apart = 'x-affinity: {apart: [{service: pair, topology: node.labels.zone}]}';
    await deploy('apart', [service('pair', apart, 'deploy: {replicas: 2}')]);
    const nodes = await nodesOf('apart_pair');
    assert.deepEqual(nodes.map((node) => ZONES[node]).sort(), ['a', 'b']);
    await deploy('apart', [service('pair', apart, 'deploy: {replicas: 3}')], '--detach');
    const words = '0/3 nodes: 3 in a node.labels.zone with a task of apart_pair';
    await eventually(async () => (await cluster.tsctl.succeed(['ps', 'apart_pair'])).includes(words), `"${words}" in tsctl ps`, LIMIT_MS);
    const waiting = (await cluster.tsctl.json<Task[]>('ps', 'apart_pair')).find(({ nodeId }) => nodeId === undefined);
    const why: PlacementExplanation = await cluster.client.call('explainTask', { params: { ref: waiting?.id ?? '' } });
    assert.deepEqual([why.fitting, why.refusals.map(({ filter, count }) => [filter, count]), why.message], [[], [['affinity', 3]], words]);
    await cluster.tsctl.succeed(['rm', 'apart']);
  });

  it('keeps tasks off a tainted node, and moves them off one that they may not stay on', async () => {
    await cluster.tsctl.succeed(['node', 'update', '--taint', 'dedicated=db:no-schedule', 'node2']);
    await deploy('taint', [
      service('web', 'deploy: {mode: global}'),
      service('db', 'deploy: {mode: global}', 'x-tolerations: [dedicated]'),
    ]);
    assert.deepEqual(await nodesOf('taint_web'), ['node1', 'node3']);
    assert.deepEqual(await nodesOf('taint_db'), ['node1', 'node2', 'node3']);
    await cluster.tsctl.succeed(['node', 'update', '--taint-rm', 'dedicated', '--taint', 'bad:no-execute', 'node2']);
    await eventually(async () => (await nodesOf('taint_db')).join() === 'node1,node3', 'the task to leave node2', LIMIT_MS);
    await cluster.tsctl.succeed(['node', 'update', '--taint-rm', 'bad', 'node2']);
    await eventually(async () => (await nodesOf('taint_web')).length === 3, 'a task on each node', LIMIT_MS);
    await cluster.tsctl.succeed(['rm', 'taint']);
  });

  it('gives each task a GPU of its own, which its container knows (moby/moby 24862)', async () => {
    await cluster.agent(2).kill9();
    await cluster.agent(2).start('--resource', 'gpu=GPU-1,GPU-2', '--reserve', 'memory=64M');
    const offered = async (): Promise<unknown> => {
      const [node] = await cluster.tsctl.json<Node[]>('node', 'inspect', 'node3');
      return node?.description?.resources.reserved && node.description.resources.generic[0]?.ids?.length;
    };
    await eventually(async () => (await offered()) === 2, 'node3 to offer two GPUs', LIMIT_MS);
    await deploy('ai', [service('train', 'x-priority: -10', gpus(2))]);
    assert.deepEqual(await nodesOf('ai_train'), ['node3', 'node3']);
    const containers = await dockerLines(cluster.host(2), 'ps', '--quiet', '--filter', 'label=tessera.service-name=ai_train');
    const envs = await Promise.all(
      containers.map((id) => dockerLines(cluster.host(2), 'exec', id, 'sh', '-c', 'echo $DOCKER_RESOURCE_GPU')),
    );
    assert.deepEqual(envs.flat().sort(), ['GPU-1', 'GPU-2']);
  });

  it('lets a task of higher priority displace a lower one, which goes and waits with the reason', async () => {
    await deploy('serve', [service('infer', 'x-priority: 100', gpus(1))]);
    assert.deepEqual(await nodesOf('serve_infer'), ['node3']);
    const words = /0\/3 nodes: 3 not enough gpu \(need 1, best has 0\); it made room for serve_infer \(priority 100\)/;
    await eventually(async () => words.test(await cluster.tsctl.succeed(['ps', 'ai_train'])), `${words} in tsctl ps`, LIMIT_MS);
    const states = (await cluster.tsctl.json<Task[]>('ps', 'ai_train')).map(({ status }) => status.state);
    assert.deepEqual(states.sort(), ['pending', 'running']);
    await cluster.tsctl.succeed(['rm', 'serve']);
    await eventually(async () => (await nodesOf('ai_train')).join() === 'node3,node3', 'the displaced task to come back', LIMIT_MS);
  });
});
