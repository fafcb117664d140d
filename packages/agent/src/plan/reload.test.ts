import assert from 'node:assert/strict';
import { defaultTemplate, type Reload } from '@tessera/api';
import type { TaskRecord } from '../model/task-record.js';
import { containerOf, NOW, recordOf } from '../testing/builders.js';
import { planTask } from './plan-task.js';
import { afterFailedReload, wantedFiles } from './reload.js';

const OLD = { 'configs/c': 'c1', 'secrets/s': 's1' };
const NEW = { 'configs/c': 'c2', 'secrets/s': 's1' };

/** A running task that has `files` and is to have the config c2. */
function running(files: Record<string, string> | undefined, reload: Reload | undefined, change: Partial<TaskRecord> = {}): TaskRecord {
  const template = { ...defaultTemplate('nginx:1'), ...(reload && { reload }) };
  return recordOf(
    { template, configIds: { c: 'c2' }, secretIds: { s: 's1' } },
    { state: 'running' },
    { ...(files && { files }), ...change },
  );
}

const plan = (record: TaskRecord, now = NOW) => planTask({ record, container: containerOf() }, now);
const reloads = (record: TaskRecord, now = NOW) => plan(record, now).steps.filter(({ type }) => type === 'reload');
const told = (record: TaskRecord) => plan(record).steps.flatMap((step) => (step.type === 'report' ? [step.change] : []))[0];

describe('new contents of the files of a running task', () => {
  const signal = { signal: 'SIGHUP' };

  it('are put in place when its service says how it reloads', () => {
    assert.deepEqual(reloads(running(OLD, signal)), [{ type: 'reload', containerId: 'c1', files: NEW }]);
    assert.deepEqual(reloads(running(NEW, signal)), []);
    assert.deepEqual(reloads(running(OLD, undefined)), [], 'other services replace their tasks');
  });

  it('are not put into a task that is on its way out', () => {
    const record = running(OLD, signal);
    assert.deepEqual(reloads({ ...record, assignment: { ...record.assignment, desired: 'shutdown' } }), []);
  });

  it('are tried again after a failure, at growing distances, and at once when they are others', () => {
    let record = running(OLD, signal);
    const waits = [1, 2, 3, 4, 5, 6, 7, 8].map(() => {
      record = { ...record, reloading: afterFailedReload(record, NEW, 'refused', NOW) };
      return (record.reloading?.retryAt ?? 0) - NOW;
    });
    assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    assert.deepEqual({ reloads: reloads(record), wakeAt: plan(record).wakeAt }, { reloads: [], wakeAt: NOW + 60_000 });
    assert.equal(reloads(record, NOW + 60_000).length, 1);
    const others = { ...record, assignment: { ...record.assignment, configIds: { c: 'c3' } } };
    assert.equal(reloads(others).length, 1);
    assert.equal(afterFailedReload(others, wantedFiles(others.assignment), 'refused', NOW)?.failures, 1);
  });

  it('are told: which it has, when it took them over, and why not', () => {
    assert.deepEqual(told(running(NEW, signal))?.files, NEW);
    assert.equal(told(running(NEW, signal))?.message, 'running');
    assert.equal(told(running(NEW, signal, { reloadedAt: NOW }))?.message, 'running, files reloaded at 2030-01-01T00:00:00.000Z');
    const refused = running(OLD, signal, { reloading: { files: NEW, error: 'bad config', failures: 2, retryAt: NOW + 1 } });
    assert.equal(told(refused)?.message, 'running, its files could not be reloaded: bad config');
    assert.equal(told(refused)?.filesError, 'bad config');
    assert.equal(told({ ...refused, files: NEW })?.filesError, '', 'no longer, once it has them');
    const once = running(OLD, signal, { reloading: { files: NEW, error: 'not up yet', failures: 1, retryAt: NOW + 1 } });
    assert.equal(told(once)?.message, 'running', 'a single failure says nothing');
  });
});
