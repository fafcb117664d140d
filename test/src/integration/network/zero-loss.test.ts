import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Node } from '@tessera/api';
import { provideAnswerImages } from '../../support/answer-image.js';
import { Flow } from '../../support/flow.js';
import { giveIpv6, hostIpv6 } from '../../support/ipv6-hosts.js';
import { datagramLoad, httpLoad, type Load } from '../../support/load.js';
import { commandOutput, onHost } from '../../support/test-bed.js';
import { eventually, TestCluster } from '../../support/test-cluster.js';

const HOSTS = 3;
const MACHINE = /^v\d \S+ (10\.78\.\d+\.254|fd02::1)$/;
const MANY = 6;
const LEAST_REQUESTS = 20_000;
const LOAD_LIMIT_MS = 120_000;
const STOP_GRACE_MS = 4_000;
const AWAY_MS = 60_000;
/** Connections go to tasks by chance. */
const MOST_ATTEMPTS = 100;
const compose = (image: string, replicas: number): string => `services:
  web:
    image: ${image}
    ports: ["8080:80", "8080:7/udp", "8081:9"]
    stop_grace_period: ${STOP_GRACE_MS / 1_000}s
    healthcheck: { test: "wget -q -O /dev/null http://127.0.0.1/", interval: 2s, start_interval: 200ms, start_period: 5s }
    deploy:
      replicas: ${replicas}
      update_config: { parallelism: 1, order: start-first, monitor: 500ms }
networks: { default: { enable_ipv6: true } }
`;

/** Over connections that stay, as fast as they go. @returns what it says at its end */
function wrk(url: string): Promise<string> {
  return commandOutput('wrk', ['--threads', '1', '--connections', '2', '--duration', '5s', url]);
}

/** Real engines on three hosts: whoever is served while things change should not notice. */
describe('changes under load', () => {
  let cluster: TestCluster;
  let images: string[];
  let loads: Load[] = [];

  before(async () => {
    cluster = await TestCluster.create({ what: 'zeroloss', store: 'embedded', hosts: HOSTS });
    await giveIpv6(cluster.bed);
    images = await provideAnswerImages(cluster.bed, ['v1', 'v2']);
    await deploy(images[0] ?? '', MANY);
    // Whoever asks as soon as the deploy is done is served, at each host.
    loads = cluster.bed.hosts.flatMap(({ ip }, at) => [
      httpLoad(ip, 8080, { workers: 2, keepAlive: true }),
      httpLoad(ip, 8080, { workers: 2, keepAlive: false }),
      httpLoad(hostIpv6(at), 8080, { workers: 1, keepAlive: true }),
      httpLoad(hostIpv6(at), 8080, { workers: 1, keepAlive: false }),
      datagramLoad(ip, 8080),
      datagramLoad(hostIpv6(at), 8080),
    ]);
  });

  after(async () => {
    await Promise.all(loads.map((load) => load.end()));
    await cluster?.destroy();
  });

  async function deploy(image: string, replicas: number): Promise<void> {
    await writeFile(join(cluster.tsctl.folder, 'compose.yml'), compose(image, replicas));
    await cluster.tsctl.succeed(['deploy', 'shop', '--timeout', '180s']);
  }

  const failures = (): string[] => loads.flatMap(({ result }, at) => result.failures.map((failure) => `load ${at}: ${failure}`));

  function assertNoneFailed(): void {
    assert.deepEqual(failures(), []);
  }

  /** While something changes, wrk asks every host. */
  async function underWrk(change: Promise<unknown>): Promise<void> {
    const [said] = await Promise.all([Promise.all(cluster.bed.hosts.map(({ ip }) => wrk(`http://${ip}:8080/`))), change]);
    for (const one of said) {
      assert.match(one, /^ +\d+ requests in /m);
      assert.doesNotMatch(one, /Socket errors|Non-2xx/);
    }
    assertNoneFailed();
  }

  it('shows each task the address of the client, whichever host it asked, also by datagrams', async () => {
    await eventually(async () => loads.every(({ result }) => result.answered > 50), 'some answers', LOAD_LIMIT_MS);
    for (const { result } of loads) for (const answer of result.answers.keys()) assert.match(answer, MACHINE);
    assertNoneFailed();
  });

  it('fails no request while it is updated start-first, nor one of wrk at any host', async () => {
    await underWrk(deploy(images[1] ?? '', MANY));
    assert.ok([...(loads[0]?.result.answers.keys() ?? [])].some((answer) => answer.startsWith('v2')));
    await underWrk(cluster.tsctl.succeed(['service', 'scale', 'shop_web=4', '--timeout', '180s']));
  });

  it('fails none while it is updated stop-first', async () => {
    await writeFile(join(cluster.tsctl.folder, 'compose.yml'), compose(images[0] ?? '', 4).replace('start-first', 'stop-first'));
    await underWrk(cluster.tsctl.succeed(['deploy', 'shop', '--timeout', '180s']));
  });

  /** A connection to each of so many tasks, through the hosts in turn. */
  async function flowsTo(tasks: number): Promise<Flow[]> {
    const flows = new Map<string, Flow>();
    for (let attempt = 0; flows.size < tasks && attempt < MOST_ATTEMPTS; attempt++) {
      const flow = Flow.open(cluster.host(attempt % HOSTS).ip, 8081);
      await eventually(async () => flow.answered > 0, 'a first answer', LOAD_LIMIT_MS);
      if (flows.has(flow.server)) flow.end();
      else flows.set(flow.server, flow);
    }
    assert.equal(flows.size, tasks, 'a connection to each task');
    return [...flows.values()];
  }

  it('fails none while it is scaled down and up, and cuts no connection to a task that stays, nor to one that goes before its grace is over', async () => {
    const flows = await flowsTo(4);
    const startedAt = performance.now();
    await cluster.tsctl.succeed(['service', 'scale', 'shop_web=2', '--timeout', '180s']);
    await eventually(async () => flows.filter(({ endedAt }) => endedAt !== undefined).length === 2, 'two tasks to end', LOAD_LIMIT_MS);
    for (const { endedAt } of flows)
      if (endedAt !== undefined) assert.ok(endedAt - startedAt >= STOP_GRACE_MS * 0.9, `after ${endedAt - startedAt} ms`);
    await cluster.tsctl.succeed(['service', 'scale', 'shop_web=5', '--timeout', '180s']);
    const staying = flows.filter(({ endedAt }) => endedAt === undefined);
    const before = staying.map(({ answered }) => answered);
    await eventually(async () => staying.every(({ answered }, at) => answered > (before[at] as number)), 'more answers', LOAD_LIMIT_MS);
    assert.deepEqual([staying.length, ...flows.flatMap(({ fault }) => fault ?? [])], [2]);
    for (const flow of flows) flow.end();
    assertNoneFailed();
  });

  it('fails none while a node is drained', async () => {
    await underWrk(cluster.tsctl.succeed(['node', 'drain', 'node2', '--timeout', '180s']));
    await eventually(
      async () => (await onHost(cluster.host(1), 'docker', 'ps', '-q', '--filter', 'label=tessera.task')) === '',
      'the drained node to be empty',
      LOAD_LIMIT_MS,
    );
    assertNoneFailed();
  });

  it('fails none while another stack is removed, and while the service is balanced anew', async () => {
    await writeFile(join(cluster.tsctl.folder, 'other.yml'), `services: { app: { image: ${images[1]}, ports: ["8090:80"] } }\n`);
    await cluster.tsctl.succeed(['deploy', 'other', '-f', 'other.yml', '--timeout', '180s']);
    await cluster.tsctl.succeed(['rm', 'other', '--timeout', '180s']);
    await cluster.tsctl.succeed(['node', 'activate', 'node2']);
    await underWrk(cluster.tsctl.succeed(['rebalance', 'shop_web', '--timeout', '180s']));
    assert.notEqual(await onHost(cluster.host(1), 'docker', 'ps', '-q', '--filter', 'label=tessera.task'), '');
    assertNoneFailed();
  });

  it('fails none while an agent is killed in the middle of an update and the manager is away for a minute', async () => {
    const updating = deploy(images[1] ?? '', 5);
    await cluster.agent(2).kill9();
    await cluster.agent(2).start();
    await updating;
    await cluster.manager.kill9();
    const before = loads.reduce((sum, { result }) => sum + result.answered, 0);
    const awaySince = performance.now();
    await eventually(async () => performance.now() - awaySince > AWAY_MS, 'a minute without a manager', LOAD_LIMIT_MS);
    assert.ok(loads.reduce((sum, { result }) => sum + result.answered, 0) > before + 500, 'requests were answered meanwhile');
    assertNoneFailed();
    await cluster.manager.start();
    await eventually(async () => (await cluster.tsctl.run(['node', 'ls'])).code === 0, 'the manager to be back', LOAD_LIMIT_MS);
    assertNoneFailed();
  });

  it('served as many requests as that', async () => {
    const answered = (): number => loads.reduce((sum, { result }) => sum + result.answered, 0);
    await eventually(async () => answered() >= LEAST_REQUESTS, `${LEAST_REQUESTS} requests`, LOAD_LIMIT_MS);
    assertNoneFailed();
  });

  it('fails none at the other hosts once a host without power is known to be down', async () => {
    await Promise.all(loads.map((load) => load.end()));
    await cluster.host(2).powerOff();
    const isDown = async (): Promise<boolean> =>
      (await cluster.tsctl.json<Node[]>('node', 'ls')).some(({ name, status }) => name === 'node3' && status.state === 'down');
    await eventually(isDown, 'the host to be known as down', LOAD_LIMIT_MS);
    const isOut = async (): Promise<boolean> => {
      const [table, tasks] = await Promise.all([
        onHost(cluster.host(0), 'nft', 'list', 'chain', 'ip', 'tessera', 'port-tcp-8080'),
        cluster.liveTasks(),
      ]);
      const addresses = tasks.flatMap(({ status, desired }) => (desired === 'running' ? Object.values(status.addresses ?? {}) : []));
      return [...table.matchAll(/: (10\.\S+) \. 80/g)].every(([, address = '']) => addresses.includes(address));
    };
    await eventually(isOut, 'its tasks to be out of the maps', LOAD_LIMIT_MS);
    loads = cluster.bed.hosts.slice(0, 2).map(({ ip }) => httpLoad(ip, 8080, { workers: 2, keepAlive: false }));
    await eventually(async () => loads.every(({ result }) => result.answered + result.failures.length > 200), 'answers', LOAD_LIMIT_MS);
    assertNoneFailed();
  });
});
