import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { NetworkDetail, Node, Service, Task } from '@tessera/api';
import type { Host } from '@tessera/bed';
import { onHost, provideBusybox } from '../support/test-bed.js';
import { eventually, TestCluster } from '../support/test-cluster.js';
import { OPEN_AND_SECRET, Wire } from '../support/wire.js';

/** Emulated processors are slow, and the more so beside other tests. */
const LIMIT_MS = 120_000;
const DEPLOY_LIMIT = '180s';
const MEBIBYTE = 1024 * 1024;
const LIMITS = `x-deploy: &vm { placement: { constraints: ["node.hostname != node1"] } }
services:
  limited:
    image: "\${IMAGE}"
    command: [sleep, "100000"]
    deploy: { <<: *vm, resources: { limits: { cpus: "0.25", memory: 40M, pids: 20 } } }
  hungry:
    image: "\${IMAGE}"
    command: [sh, -c, "tail /dev/zero"]
    deploy: { <<: *vm, restart_policy: { condition: none }, resources: { limits: { memory: 32M } } }
  busy:
    image: "\${IMAGE}"
    command: [sh, -c, "while :; do :; done"]
    stop_grace_period: 1s
    deploy: { <<: *vm, replicas: 1, resources: { limits: { cpus: "0.1", memory: 64M } } }
    x-autoscale: { min: 1, max: 2, cpu: 50%, cooldown: { up: 5s, down: 600s } }
`;

/** What only a kernel of its own has: WireGuard, cgroup v2 with systemd as the driver of Docker's control groups, AppArmor. */
describe('virtual machines with kernels of their own', function () {
  this.timeout(600_000);
  let cluster: TestCluster;
  let a: Host;
  let b: Host;
  let wire: Wire;
  let env: Record<string, string>;

  before(async function () {
    // The first run on a machine builds their disk.
    this.timeout(1_200_000);
    cluster = await TestCluster.create({ what: 'vm', store: 'embedded', hosts: 3, kind: 'vm', light: 1 });
    // The first one has the manager.
    [a, b] = [cluster.host(1), cluster.host(2)];
    wire = new Wire(a, b, LIMIT_MS);
    env = { IMAGE: await provideBusybox(cluster.bed) };
  });

  after(() => cluster?.destroy());

  async function deploy(stack: string, compose: string): Promise<void> {
    await writeFile(join(cluster.tsctl.folder, 'compose.yml'), compose);
    await cluster.tsctl.succeed(['deploy', stack, '--timeout', DEPLOY_LIMIT], { env });
  }

  describe('encrypt by WireGuard of the kernel', () => {
    const pingsAgain = (): Promise<unknown> => eventually(() => wire.ping(a, b, 'secret'), 'an encrypted ping to be answered', LIMIT_MS);

    it('and say so', async () => {
      await deploy('shop', OPEN_AND_SECRET);
      for (const { name } of [a, b]) {
        const [node] = JSON.parse(await cluster.tsctl.succeed(['node', 'inspect', name])) as Node[];
        assert.equal(node?.description?.encryption?.by, 'kernel');
      }
      const [detail] = JSON.parse(await cluster.tsctl.succeed(['network', 'inspect', 'shop_secret'])) as NetworkDetail[];
      assert.deepEqual([detail?.usage.encrypted, detail?.usage.problems], [true, []]);
    });

    it('without a program beside it', async () => {
      await pingsAgain();
      for (const host of [a, b]) {
        assert.match(await onHost(host, 'ip', '-d', 'link', 'show', 'tsw0'), /\bwireguard\b/);
        assert.equal((await host.exec(['pgrep', 'wireguard-go'])).code, 1);
        assert.match(await onHost(host, 'wg', 'show', 'tsw0', 'latest-handshakes'), /\t[1-9]\d+$/m);
      }
    });

    it('so that nothing can be read on the wire, where a plain network shows all', async () => {
      assert.deepEqual(await wire.marksOnWire('open'), { read: true, answered: true });
      assert.deepEqual(await wire.marksOnWire('secret'), { read: false, answered: true });
    });

    it('and mend the tunnel when somebody deletes it', async () => {
      await onHost(a, 'ip', 'link', 'delete', 'tsw0');
      await pingsAgain();
      assert.deepEqual(await wire.marksOnWire('secret'), { read: false, answered: true });
    });

    it('together with hosts whose kernels have no WireGuard', async () => {
      const light = cluster.host(0);
      assert.equal((await cluster.client.call('getNode', { params: { ref: light.name } })).description?.encryption?.by, 'wireguard-go');
      for (const [from, to] of [
        [light, a],
        [b, light],
      ] as const)
        await eventually(() => wire.ping(from, to, 'secret'), `a ping from ${from.name} to ${to.name} to be answered`, LIMIT_MS);
    });

    it('and leave nothing when the network is gone', async () => {
      await cluster.tsctl.succeed(['rm', 'shop', '--timeout', DEPLOY_LIMIT]);
      for (const host of [a, b]) {
        const links = (): Promise<string> => onHost(host, 'ip', '-o', 'link');
        await eventually(async () => !/\b(ts[wvb]|veth)/.test(await links()), `no link to be left on ${host.name}`, LIMIT_MS);
        assert.doesNotMatch(await onHost(host, 'nft', 'list', 'tables'), /tessera-guard/);
        assert.equal(await onHost(host, 'docker', 'ps', '--all', '--quiet'), '');
      }
    });
  });

  describe('run tasks in control groups of version 2', () => {
    before(async () => {
      await writeFile(join(cluster.tsctl.folder, 'compose.yml'), LIMITS);
      await cluster.tsctl.succeed(['deploy', 'limits', '--detach'], { env });
    });

    after(() => cluster.tsctl.succeed(['rm', 'limits', '--timeout', DEPLOY_LIMIT]));

    async function taskOf(service: string, state: string): Promise<{ task: Task; host: Host }> {
      const find = async (): Promise<Task | undefined> =>
        (await cluster.client.call('listTasks', { query: { service: `limits_${service}`, all: true } })).find(
          ({ status }) => status.state === state,
        );
      const task = (await eventually(find, `${service} to be ${state}`, LIMIT_MS)) as Task;
      const nodes = await cluster.client.call('listNodes', {});
      const host = [a, b].find(({ name }) => nodes.some((node) => node.id === task.nodeId && node.name === name));
      assert.ok(host);
      return { task, host };
    }

    it('which systemd keeps for Docker', async () => {
      assert.equal(await onHost(a, 'docker', 'info', '--format', '{{.CgroupVersion}} {{.CgroupDriver}}'), '2 systemd');
    });

    it('that hold them to their limits', async () => {
      const { task, host } = await taskOf('limited', 'running');
      const read = (file: string): Promise<string> =>
        onHost(host, 'docker', 'exec', String(task.status.containerId), 'cat', `/sys/fs/cgroup/${file}`);
      assert.deepEqual(
        [await read('cpu.max'), await read('memory.max'), await read('pids.max')],
        ['25000 100000', String(40 * MEBIBYTE), '20'],
      );
    });

    it('and tell when one ran out of memory, or may have', async () => {
      const { task } = await taskOf('hungry', 'failed');
      assert.match(task.status.error ?? '', /^out of memory: killed at its limit of 32 MiB|for lack of memory\? Its limit is 32 MiB/);
      assert.equal(task.status.exitCode, 137);
    });

    it('and what they use', async () => {
      const service = async (): Promise<Service> => (await cluster.client.call('getService', { params: { ref: 'limits_busy' } })).service;
      const change = async (): Promise<string | undefined> => (await service()).autoscale?.changes[0]?.words;
      await eventually(change, 'the busy service to be scaled by its usage', LIMIT_MS);
      assert.match((await change()) ?? '', /^1 -> 2: cpu \d+% of 50% target over \d+ s$/);
    });
  });
});
