import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { ServiceBook, type ServiceChange } from '@tessera/agent/model/service-change';
import { IPV4 } from '@tessera/agent/plan/network/family';
import { tableLines } from '@tessera/agent/plan/network/table/skeleton';
import { TablePlanner } from '@tessera/agent/plan/network/table/table-planner';
import { Zone } from '@tessera/agent/plan/network/zone';
import type { NetworkAssignment, ServiceEndpoints } from '@tessera/api';
import type { Bench, Report } from './bench.js';
import { median } from './statistics.js';

const SIZES = [10, 100, 1_000, 5_000];
const NETWORKS = 20;
const TASKS = 10;
const UPDATES = 15;
const BYTES_PER_MB = 1_000_000;

interface Row {
  services: number;
  loadMs: number;
  planOneMs: number;
  applyOneMs: number;
  zoneOneMs: number;
  heapMb: number;
}

/** What names and balancing of many services cost a node, in a network namespace of its own. */
export const networkMapsBench: Bench = {
  name: 'network-maps',
  summary: 'nftables maps and names of one node: loading many services, and changing one of them',
  async run({ progress }): Promise<Report> {
    const namespace = spawn('unshare', ['--net', 'sleep', 'infinity'], { stdio: 'ignore' });
    await once(namespace, 'spawn');
    try {
      const rows = SIZES.map((services) => {
        progress(`${services} services of ${TASKS} tasks`);
        return measure(services, namespace.pid as number);
      });
      return reportOf(rows);
    } finally {
      namespace.kill('SIGKILL');
    }
  },
};

function measure(count: number, pid: number): Row {
  const planner = new TablePlanner(IPV4, '192.0.2.11');
  const zone = new Zone();
  const networks = Array.from({ length: NETWORKS }, (_, vni) => network(vni));
  const services = new ServiceBook();
  const first = Array.from({ length: count }, (_, number) => service(number, 0));
  const added = services.take(new Map(first.map((one) => [one.id, one])));
  const loadMs = timed(() => {
    planner.change(networks, added);
    nft(pid, `${tableLines(IPV4, planner.fragments).join('\n')}\n`);
  });
  zone.change(added);
  const [plan, apply, names]: [number[], number[], number[]] = [[], [], []];
  for (let round = 1; round <= UPDATES; round++) {
    const after = service((round * 7) % count, round);
    let changes: ServiceChange[] = [];
    let lines: string[] = [];
    plan.push(
      timed(() => {
        changes = services.take(new Map([[after.id, after]]));
        lines = tableLines(IPV4, planner.fragments, planner.change(networks, changes));
      }),
    );
    apply.push(timed(() => nft(pid, `${lines.join('\n')}\n`)));
    names.push(timed(() => zone.change(changes)));
  }
  const heapMb = process.memoryUsage().heapUsed / BYTES_PER_MB;
  return { services: count, loadMs, planOneMs: median(plan), applyOneMs: median(apply), zoneOneMs: median(names), heapMb };
}

function timed(work: () => void): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

function nft(pid: number, script: string): void {
  execFileSync('nsenter', ['--net', '--target', String(pid), 'nft', '-f', '-'], { input: script });
}

function network(vni: number): NetworkAssignment {
  const peers = [2, 3].map((peer) => ({ nodeId: `n${peer}`, address: `192.0.2.1${peer}`, block: `10.${vni}.${peer}.0/24` }));
  const ranges = { subnet: `10.${vni}.0.0/16`, block: `10.${vni}.1.0/24`, vips: `10.${vni}.240.0/20` };
  return { id: `net${vni}`, name: `net${vni}`, vni, ...ranges, internal: false, attachable: false, driverOptions: {}, peers };
}

/** One in ten publishes a port. @param salt other ones give other tasks */
function service(number: number, salt: number): ServiceEndpoints {
  const vni = number % NETWORKS;
  const place = Math.floor(number / NETWORKS);
  const name = `s${number}`;
  const endpoints = Array.from({ length: TASKS }, (_, task) => ({
    taskId: `t${number}x${task}`,
    nodeId: 'n',
    slot: task + 1,
    address: `10.${vni}.${1 + (task % 3)}.${2 + ((place * 4 + Math.floor(task / 3) + salt) % 250)}`,
  }));
  return {
    ...{ id: `${name}nnet${vni}`, serviceId: name, serviceName: name, shortName: name, networkId: `net${vni}`, aliases: [], ports: [] },
    endpointMode: 'vip',
    vip: `10.${vni}.${240 + Math.floor(place / 250)}.${1 + (place % 250)}`,
    ingress: number % 10 === 0 ? [{ protocol: 'tcp', published: 20_000 + number, target: 80 }] : [],
    endpoints,
  };
}

function reportOf(rows: readonly Row[]): Report {
  const ms = (value: number): string => value.toFixed(value < 10 ? 2 : 0);
  return {
    tables: [
      {
        title: `Maps and names of one node, services of ${TASKS} tasks on ${NETWORKS} networks`,
        columns: ['services', 'load, ms', 'change of one: plan, ms', 'kernel, ms', 'names, ms', 'heap, MB'],
        rows: rows.map((row) => [
          String(row.services),
          ms(row.loadMs),
          ms(row.planOneMs),
          ms(row.applyOneMs),
          ms(row.zoneOneMs),
          row.heapMb.toFixed(0),
        ]),
        notes: [
          'Load: all of it, planned and as one transaction. Kernel: a run of nft with the change of one service, of which the start of nft is 15 ms or so.',
        ],
      },
    ],
    data: { rows },
  };
}
