import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ProcKiller } from './proc-killer.js';

const [ID, OTHER] = ['a'.repeat(64), 'b'.repeat(64)];

describe('ProcKiller', () => {
  let root: string;
  let killed: number[];

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'proc-'));
    killed = [];
    const groups: Record<string, string> = {
      '7': '0::/init.scope\n',
      '20': `12:pids:/docker/${ID}\n1:name=systemd:/docker/${ID}\n`,
      '21': `0::/system.slice/docker-${ID}.scope\n`,
      '22': `0::/system.slice/docker-${OTHER}.scope\n`,
    };
    for (const [pid, text] of Object.entries(groups)) {
      await mkdir(join(root, pid));
      await writeFile(join(root, pid, 'cgroup'), text);
    }
    await mkdir(join(root, '23'));
    await mkdir(join(root, 'sys'));
  });
  afterEach(() => rm(root, { recursive: true }));

  it("ends a container's processes and no others, however its control groups are named", async () => {
    assert.equal(await new ProcKiller(root, (pid) => void killed.push(pid)).kill(ID), 2);
    assert.deepEqual(killed.sort(), [20, 21]);
  });

  it('ends nothing for what is no whole id', async () => {
    const killer = new ProcKiller(root, (pid) => void killed.push(pid));
    for (const id of ['', 'a', 'docker', `${ID}x`]) assert.equal(await killer.kill(id), 0);
    assert.deepEqual(killed, []);
  });

  it('takes a process that ended meanwhile for ended', async () => {
    const gone = (): void => {
      throw Object.assign(new Error('no such process'), { code: 'ESRCH' });
    };
    assert.equal(await new ProcKiller(root, gone).kill(OTHER), 1);
  });
});
