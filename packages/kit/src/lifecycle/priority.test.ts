import assert from 'node:assert/strict';
import { silentLog } from '../log/log.js';
import { putBeforeTasks } from './priority.js';

describe('the priority of a daemon', () => {
  it('is higher than that of tasks', () => {
    const set: number[] = [];
    putBeforeTasks(silentLog, (niceness) => void set.push(niceness));
    assert.deepEqual(set, [-10]);
  });

  it('is no reason not to run', () => {
    const said: string[] = [];
    const log = { ...silentLog, warn: ({ reason }: { reason?: unknown }) => void said.push(String(reason)) };
    putBeforeTasks(log, () => {
      throw new Error('EACCES');
    });
    assert.deepEqual(said, ['EACCES']);
  });
});
