import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { StackSummary, Task } from '@tessera/api';
import { Bed } from '@tessera/bed';
import { assertMachineClean, snapshotMachine } from '../../support/leftovers.js';
import { concerning, provideBusybox, testBedName } from '../../support/test-bed.js';
import { Tsctl } from '../../support/tsctl.js';

/** The way of a new user: a cluster, a stack on it, a change, a look, and all of it gone. */
describe('tsctl with a development cluster', () => {
  const name = testBedName('cli');
  let user: Tsctl;
  let image: string;

  const tsctl = (...args: string[]) => user.run(args);
  const succeed = (...args: string[]) => user.succeed(args);

  async function writeCompose(replicas: number, tag = image): Promise<void> {
    const command = '["sh", "-c", "trap exit TERM; echo hello; while :; do sleep 1 & wait; done"]';
    const web = `  web:\n    image: ${tag}\n    command: ${command}\n    deploy:\n      replicas: ${replicas}\n`;
    await writeFile(join(user.folder, 'compose.yml'), `services:\n${web}`);
  }

  before(async () => {
    user = await Tsctl.create();
  });

  after(async () => {
    await Bed.destroy(name);
    await user.remove();
  });

  it('leaves the machine as it was after dev up and dev down', async () => {
    const machine = await snapshotMachine();
    await succeed('dev', 'up', '--hosts', '1', '--name', name);
    const network = (await Bed.open(name)).hosts[0]?.ip;
    await succeed('dev', 'down', name);
    await assertMachineClean(machine, concerning(name, network));
    assert.equal(await succeed('context', 'ls', '-q'), '');
  });

  it('brings a cluster up whose nodes are all ready', async () => {
    const out = await succeed('dev', 'up', '--hosts', '2', '--name', name);
    assert.match(out, /with 2 hosts is ready/);
    assert.match(await succeed('node', 'ls'), /node1 .*ready[\s\S]*node2 .*ready/);
    image = await provideBusybox(await Bed.open(name));
  });

  it('deploys a stack and ends when it runs', async () => {
    await writeCompose(2);
    await succeed('deploy', 'shop', '--timeout', '180s');
    const [stack] = JSON.parse(await succeed('ls', '-o', 'json')) as StackSummary[];
    assert.deepEqual([stack?.name, stack?.tasksRunning, stack?.converged], ['shop', 2, true]);
  });

  it('prints the logs of all tasks', async () => {
    const out = await succeed('logs', 'shop_web');
    assert.match(out, /shop_web\.1@node\d +\| hello/);
    assert.match(out, /shop_web\.2@node\d +\| hello/);
  });

  it('plans a change without making it, and then makes it', async () => {
    await writeCompose(3);
    assert.equal((await tsctl('plan', 'shop', '--exit-code')).code, 3);
    await succeed('deploy', 'shop', '--timeout', '180s');
    assert.equal((await tsctl('plan', 'shop', '--exit-code')).code, 0);
    const tasks = JSON.parse(await succeed('ps', 'shop', '-o', 'json')) as Task[];
    assert.deepEqual(
      tasks.map((task) => task.status.state),
      ['running', 'running', 'running'],
    );
  });

  it('fails a deploy whose image there is not, and says why', async () => {
    await writeCompose(3, `${image.split('/')[0]}/nowhere:1`);
    const { code, stderr } = await tsctl('deploy', 'shop', '--timeout', '180s');
    assert.equal(code, 7, stderr);
    assert.match(stderr, /shop_web did not come up/);
    assert.match(stderr, /nowhere:1/);
  });

  it('frees a node and removes the stack, waiting for its containers', async () => {
    await writeCompose(2);
    await succeed('deploy', 'shop', '--timeout', '180s');
    await succeed('node', 'drain', '--wait', 'node2', '--timeout', '180s');
    assert.equal(await succeed('ps', '-q', '--node', 'node2'), '');
    await succeed('rm', 'shop', '--timeout', '180s');
    assert.equal(await succeed('ps', '-aq'), '');
  });

  it('ends with 5 when the manager is gone', async () => {
    const bed = await Bed.open(name);
    await bed.hosts[0]?.powerOff();
    const { code, stderr } = await tsctl('ls');
    assert.equal(code, 5, stderr);
    assert.match(stderr, /^error: .*\n {2}cure: /);
  });
});
