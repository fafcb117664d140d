import { defaultTemplate, type TaskAssignment, type TaskStatus } from '@tessera/api';
import type { ObservedContainer } from '../model/container.js';
import { newRecord, type TaskRecord } from '../model/task-record.js';

export const NOW = Date.UTC(2030, 0, 1);

/** An assignment of the first task of `web`, running nginx, with changes. */
export function assignmentOf(change: Partial<TaskAssignment> = {}): TaskAssignment {
  return {
    id: 't1',
    serviceId: 's1',
    serviceName: 'shop_web',
    serviceLabels: {},
    slot: 1,
    specRevision: 3,
    desired: 'running',
    restarts: [],
    template: defaultTemplate('nginx:1'),
    networks: [],
    hostPorts: [],
    configIds: {},
    secretIds: {},
    ...change,
  };
}

export function recordOf(
  assignment: Partial<TaskAssignment> = {},
  status: Partial<TaskStatus> = {},
  change: Partial<TaskRecord> = {},
): TaskRecord {
  const record = newRecord(assignmentOf(assignment), NOW);
  return { ...record, status: { ...record.status, ...status }, ...change };
}

export function containerOf(change: Partial<ObservedContainer> = {}): ObservedContainer {
  return {
    id: 'c1',
    name: 'shop_web.1.t1',
    labels: {},
    state: 'running',
    oomKilled: false,
    addresses: {},
    addresses6: {},
    networks: [],
    imageId: 'sha256:1',
    memoryLimitBytes: 0,
    tty: false,
    ...change,
  };
}
