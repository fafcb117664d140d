import { defaultTemplate, type NetworkAssignment, type TaskAssignment, type TaskStatus } from '@tessera/api';
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

/** Network `shop_net<vni>`, 10.<vni>.0.0/16, as node 1 takes part in it, with node 2 as its peer. */
export function networkOf(vni: number, change: Partial<NetworkAssignment> = {}): NetworkAssignment {
  return {
    id: `net${vni}`,
    name: `shop_net${vni}`,
    vni,
    subnet: `10.${vni}.0.0/16`,
    block: `10.${vni}.1.0/24`,
    internal: false,
    attachable: false,
    driverOptions: {},
    peers: peersOf(vni, 2),
    ...change,
  };
}

/** Nodes of such a network by their numbers. */
export function peersOf(vni: number, ...nodes: number[]): NetworkAssignment['peers'] {
  return nodes.map((node) => ({ nodeId: `n${node}`, address: `192.0.2.${10 + node}`, block: `10.${vni}.${node}.0/24` }));
}
