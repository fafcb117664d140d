import assert from 'node:assert/strict';
import { Bed, type Host } from '@tessera/bed';
import { onHost, provideBusybox, testBedName } from '../../support/test-bed.js';
import { NETWORK, TestAgent, testTask } from './test-agent.js';

const FOREVER = ['sleep', '100000'];

describe('the agent on a real engine', () => {
  const name = testBedName('agent');
  let host: Host;
  let image: string;
  let agent: TestAgent;

  before(async () => {
    const bed = await Bed.create({ name, hosts: 1 });
    [host] = bed.hosts as [Host];
    image = await provideBusybox(bed);
  });
  after(() => Bed.destroy(name));

  beforeEach(async () => {
    agent = await TestAgent.start(host);
  });
  afterEach(async () => {
    await agent.dispose();
    const left = await docker('ps', '-aq', '--filter', 'label=tessera.node=n1');
    if (left) await docker('rm', '-f', ...left.split('\n'));
  });

  const docker = (...args: string[]): Promise<string> => onHost(host, 'docker', ...args);
  const inspect = (id: string | undefined, format: string): Promise<string> => docker('inspect', '--format', format, id ?? '');

  const setLiveRestore = async (on: boolean): Promise<void> => {
    await onHost(host, 'sed', '-i', `s/"live-restore": *[a-z]*/"live-restore": ${on}/`, '/etc/docker/daemon.json');
    await host.killDocker();
    await host.startDocker();
  };

  it('runs a task, tells each state once and in order, and removes it with its network', async () => {
    agent.desire([testTask('a1', image, FOREVER)]);
    const status = await agent.reaches('a1', 'running');
    assert.deepEqual(status.addresses, { net1: '10.201.1.2' });
    assert.match(status.imageDigest ?? '', /^sha256:/);
    assert.equal(await inspect(status.containerId, '{{.Name}} {{.State.Running}}'), '/web.1.a1 true');
    const states = agent.reports.map((report) => report.status.state);
    assert.deepEqual([...new Set(states)], ['accepted', 'preparing', 'ready', 'starting', 'running']);
    agent.desire([], { networks: [] });
    await agent.reaches('a1', 'shutdown');
    await agent.waitFor('the container to go', async () => (await docker('ps', '-aq')) === '');
    await agent.waitFor('the network to go', async () => !(await docker('network', 'ls')).includes('tessera-'));
  });

  it('plugs a task into all of its networks before it starts', async () => {
    const second = { ...NETWORK, id: 'net2', name: 'app_db', block: '10.202.1.0/24' };
    const task = testTask('n1', image, ['sh', '-c', 'ip -o -4 addr; sleep 100000'], ({ networks }) => {
      networks.push({ networkId: second.id, name: second.name, aliases: [] });
    });
    agent.desire([task], { networks: [NETWORK, second] });
    const { addresses } = await agent.reaches('n1', 'running');
    assert.deepEqual(addresses, { net1: '10.201.1.2', net2: '10.202.1.2' });
    agent.logs('n1');
    await agent.waitFor('its addresses', () => agent.logLines.includes('end'));
    for (const address of ['10.201.1.2/24', '10.202.1.2/24']) assert.ok(agent.logLines.some((line) => line.includes(address)));
  });

  it('prepares a task that is desired ready and starts it only later', async () => {
    agent.desire([testTask('b1', image, FOREVER, (task) => void (task.desired = 'ready'))]);
    const { containerId } = await agent.reaches('b1', 'ready');
    assert.equal(await inspect(containerId, '{{.State.Status}}'), 'created');
    agent.desire([testTask('b1', image, FOREVER)]);
    await agent.reaches('b1', 'running');
  });

  it('stops a task with its signal and keeps the ended container for its logs', async () => {
    const command = ['sh', '-c', 'trap "echo got usr1; exit 0" USR1; echo up; while :; do sleep 0.1; done'];
    const task = testTask('c1', image, command, ({ template }) => void (template.container.stopSignal = 'SIGUSR1'));
    agent.desire([task]);
    await agent.reaches('c1', 'running');
    agent.desire([{ ...task, desired: 'shutdown' }]);
    const status = await agent.reaches('c1', 'shutdown');
    assert.equal(status.exitCode, 0);
    agent.logs('c1');
    await agent.waitFor('the end of the log', () => agent.logLines.includes('end'));
    assert.deepEqual(agent.logLines, ['stdout: up', 'stdout: got usr1', 'end']);
  });

  it('follows a log, both streams, until the task ends', async () => {
    agent.desire([
      testTask(
        'd1',
        image,
        ['sh', '-c', 'echo one; sleep 1; echo two >&2; sleep 1'],
        ({ template }) => void (template.restart.condition = 'none'),
      ),
    ]);
    await agent.reaches('d1', 'running');
    agent.logs('d1', { follow: true });
    await agent.waitFor('the end of the log', () => agent.logLines.includes('end'));
    assert.deepEqual(agent.logLines, ['stdout: one', 'stderr: two', 'end']);
    assert.equal((await agent.reaches('d1', 'complete')).exitCode, 0);
  });

  it('restarts a crashed task as a new one, as often as its policy allows', async () => {
    agent.desire([
      testTask(
        'e1',
        image,
        ['sh', '-c', 'exit 7'],
        ({ template }) => void (template.restart = { condition: 'on-failure', delayMs: 50, maxAttempts: 2, windowMs: 0 }),
      ),
    ]);
    assert.equal((await agent.reaches('e1', 'failed')).error, 'exit code 7');
    const second = await agent.successorOf('e1');
    const third = await agent.successorOf(second.taskId);
    assert.equal((await agent.reaches(third.taskId, 'failed')).exitCode, 7);
    assert.equal(
      agent.reports.some((report) => report.successorOf === third.taskId),
      false,
    );
  });

  it('holds a task with a health check back until it is healthy, and ends it when it is not any more', async () => {
    const health = { test: ['CMD', 'test', '-e', '/tmp/ok'], intervalMs: 300, timeoutMs: 1_000, retries: 2, startPeriodMs: 60_000 };
    const task = testTask('f1', image, ['sh', '-c', 'mkdir /tmp; sleep 1; touch /tmp/ok; sleep 100000'], ({ template }) => {
      template.container.healthcheck = health;
      template.restart.condition = 'none';
    });
    agent.desire([task]);
    const started = await agent.waitFor('health to be told', () => agent.reports.find(({ status }) => status.health === 'starting'));
    assert.equal(started.status.state, 'starting');
    const running = await agent.reaches('f1', 'running');
    assert.equal(running.health, 'healthy');
    await docker('exec', running.containerId ?? '', 'rm', '/tmp/ok');
    const failed = await agent.reaches('f1', 'failed');
    assert.match(failed.error ?? '', /^unhealthy: /);
  });

  it('names an out-of-memory kill as such', async () => {
    const hog = ['sh', '-c', 'x=0123456789; while :; do x=$x$x; done'];
    agent.desire([
      testTask('g1', image, hog, ({ template }) => {
        template.limits = { memoryBytes: 16 * 1024 * 1024, memorySwapBytes: 16 * 1024 * 1024 };
        template.restart.condition = 'none';
      }),
    ]);
    const status = await agent.reaches('g1', 'failed');
    assert.match(status.error ?? '', /^out of memory: killed at its limit of 16 MiB/);
    assert.equal(status.oomKilled, true);
  });

  it('gives secrets and configs as files with owner and mode, and takes them away with the task', async () => {
    const data = Buffer.from('s3cret\n').toString('base64');
    const task = testTask(
      'h1',
      image,
      ['sh', '-c', 'stat -c "%a %u %g" /run/secrets/key; cat /run/secrets/key; touch /run/secrets/key || echo read-only; sleep 100000'],
      (one) => {
        one.template.container.secrets = [{ source: 'app_key', target: '/run/secrets/key', uid: '33', gid: '44', mode: 0o440 }];
        one.secretIds = { app_key: 'sec1' };
      },
    );
    agent.desire([task], { files: [{ id: 'sec1', secret: true, hash: 'x', data }] });
    await agent.reaches('h1', 'running');
    agent.logs('h1', { follow: true });
    await agent.waitFor('its output', () => agent.logLines.length >= 4);
    // What it says on standard error comes through another pipe, before or after.
    const said = agent.logLines.filter((line) => line.startsWith('stdout: '));
    assert.deepEqual(said, ['stdout: 440 33 44', 'stdout: s3cret', 'stdout: read-only']);
  });

  it('adopts its containers after kill -9 of the agent', async () => {
    agent.desire([testTask('i1', image, FOREVER), testTask('i2', image, ['sh', '-c', 'sleep 1; exit 4'], (task) => void (task.slot = 2))]);
    const { containerId } = await agent.reaches('i1', 'running');
    await agent.reaches('i2', 'running');
    await agent.kill();
    const before = await inspect(containerId, '{{.State.Pid}}');
    await agent.boot();
    assert.deepEqual(
      agent.held.map(({ taskId }) => taskId),
      ['i1', 'i2'],
    );
    await agent.successorOf('i2');
    assert.equal(await inspect(containerId, '{{.State.Pid}}'), before);
    assert.equal(agent.last('i1')?.state, 'running');
  });

  it('leaves running tasks alone when the engine dies and lives on with live-restore', async () => {
    agent.desire([testTask('k1', image, FOREVER)]);
    const { containerId } = await agent.reaches('k1', 'running');
    const before = await inspect(containerId, '{{.State.Pid}}');
    await host.killDocker();
    await host.startDocker();
    await agent.waitFor('the engine to answer', async () => (await inspect(containerId, '{{.State.Running}}')) === 'true');
    assert.equal(await inspect(containerId, '{{.State.Pid}}'), before);
    agent.desire([]);
    await agent.reaches('k1', 'shutdown');
    assert.equal(
      agent.reports.some(({ successorOf }) => successorOf === 'k1'),
      false,
    );
  });

  it('starts tasks anew after kill -9 of an engine without live-restore', async () => {
    await setLiveRestore(false);
    agent.desire([testTask('j1', image, FOREVER)]);
    await agent.reaches('j1', 'running');
    await host.killDocker();
    await host.startDocker();
    const { taskId } = await agent.successorOf('j1');
    assert.equal((await agent.reaches(taskId, 'running')).state, 'running');
    await setLiveRestore(true);
  });

  it('rejects what this node cannot do, in words', async () => {
    const noStart = (task: { template: { restart: { condition: string } } }): void => void (task.template.restart.condition = 'none');
    const registry = image.split('/')[0] ?? '';
    agent.desire([
      testTask('l1', `${registry}/absent:1`, FOREVER, noStart),
      testTask('l2', '127.0.0.1:9/x:1', FOREVER, noStart),
      testTask(
        'l3',
        image,
        FOREVER,
        ({ template }) => void (template.container.mounts = [{ type: 'bind', source: '/no/such/folder', target: '/x' }]),
      ),
      testTask('l4', image, ['/no/such/program'], noStart),
      testTask('l5', image, FOREVER, ({ template }) => void (template.container.env = ['A={{.Node.Colour}}'])),
    ]);
    const error = async (id: string): Promise<string> => {
      const { state, error: words } = await agent.reaches(id, 'complete');
      return `${state}: ${words}`;
    };
    assert.match(await error('l1'), new RegExp(`^rejected: image ${registry}/absent:1 is not in registry ${registry}: `));
    assert.match(
      await error('l2'),
      /^rejected: registry 127\.0\.0\.1:9 cannot be reached for image 127\.0\.0\.1:9\/x:1: .*connection refused/,
    );
    assert.match(await error('l3'), /^rejected: .*\/no\/such\/folder is not on this node, and a mount needs it/);
    assert.match(await error('l4'), /^failed: .*the image has no program "\/no\/such\/program"/);
    assert.match(await error('l5'), /^rejected: unknown placeholder \{\{\.Node\.Colour\}\}/);
  });

  it('pulls a missing image once for all tasks and tells the progress', async () => {
    await docker('rmi', '-f', image);
    agent.desire([testTask('m1', image, FOREVER), testTask('m2', image, FOREVER, (task) => void (task.slot = 2))]);
    await agent.reaches('m1', 'running');
    await agent.reaches('m2', 'running');
    assert.ok(agent.reports.some(({ status }) => status.state === 'preparing' && status.message.startsWith('pulling image')));
  });

  it('rejects a host port that something else holds', async () => {
    const port = { protocol: 'tcp' as const, target: 80, published: 18_080, mode: 'host' as const };
    agent.desire([testTask('p1', image, FOREVER, (task) => void (task.hostPorts = [port]))]);
    await agent.reaches('p1', 'running');
    agent.desire([
      testTask('p1', image, FOREVER, (task) => void (task.hostPorts = [port])),
      testTask('p2', image, FOREVER, (task) => {
        task.slot = 2;
        task.hostPorts = [port];
      }),
    ]);
    const status = await agent.reaches('p2', 'complete');
    assert.equal(status.state, 'rejected');
    assert.match(status.error ?? '', /port is already allocated/);
  });

  it('never touches containers of others', async () => {
    const foreign = await docker('run', '-d', '--network', 'none', '--label', 'tessera.task=x', image, 'sleep', '100000');
    agent.desire([testTask('q1', image, FOREVER)]);
    await agent.reaches('q1', 'running');
    agent.desire([]);
    await agent.reaches('q1', 'shutdown');
    assert.equal(await inspect(foreign, '{{.State.Running}}'), 'true');
    await docker('rm', '-f', foreign);
  });
});
