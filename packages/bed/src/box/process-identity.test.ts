import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { isAlive, parseStat, signalProcess } from './process-identity.js';

const LINE = '4711 (a) (b) S 1 4711 4711 0 -1 4194560 80 0 0 0 0 0 0 0 20 0 1 0 164585 2654208 395 184467';

describe("a process's identity", () => {
  it('is its pid and start time, whatever its name holds', () => {
    assert.deepEqual(parseStat(LINE), { pid: 4711, startTicks: 164585, state: 'S' });
  });

  it('is not read from anything else', () => {
    assert.equal(parseStat(''), undefined);
    assert.equal(parseStat('4711\n'), undefined);
  });

  it('tells this process from another that has the same pid', async () => {
    const stat = parseStat(await readFile('/proc/self/stat', 'utf8'));
    assert.ok(stat);
    const { pid, startTicks } = stat;
    assert.equal(pid, process.pid);
    assert.equal(await isAlive({ pid, startTicks }), true);
    assert.equal(await isAlive({ pid, startTicks: startTicks + 1 }), false);
    assert.equal(await signalProcess({ pid, startTicks: startTicks + 1 }, 'SIGKILL'), false);
  });
});
