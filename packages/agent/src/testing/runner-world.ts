import type { NodeSetItems, TaskAssignment, TaskReport } from '@tessera/api';
import { SeededRandom, silentLog, VirtualClock } from '@tessera/kit';
import type { NetworkChange, NodeNetwork } from '../ports/node-network.js';
import { Runner } from '../runner/runner.js';
import { MemoryGrantStore } from '../task-db/memory-grant-store.js';
import { MemoryTaskDb } from '../task-db/memory-task-db.js';
import { assignmentOf } from './builders.js';
import { FakeEngine } from './fake-engine.js';

class FakeNetwork implements NodeNetwork {
  /** Ids of the networks of each call. */
  readonly applied: string[][] = [];
  /** What each call told of services: ids, with a minus those that went. */
  readonly told: string[][] = [];
  failure: Error | undefined;

  async apply({ networks, services }: NetworkChange): Promise<void> {
    this.told.push([...services].map(([id, service]) => (service ? id : `-${id}`)).sort());
    if (this.failure) throw this.failure;
    this.applied.push(networks.map(({ id }) => id));
  }

  plug(networkId: string) {
    return { dockerNetwork: `ts-${networkId}`, dnsServers: [] };
  }

  async drained(): Promise<void> {}
  containersChanged(): void {}
  async leave(): Promise<void> {}
  async stop(): Promise<void> {}
}

const NO_FILES = { folder: () => '/files', write: async () => {}, remove: async () => {}, keepOnly: async () => {} };
const DAY_MS = 86_400_000;
const LIMIT_MS = 120_000;

/** A runner with all around it in memory, under a virtual clock. */
export class RunnerWorld {
  readonly clock = new VirtualClock();
  readonly engine = new FakeEngine();
  readonly network = new FakeNetwork();
  readonly grants = new MemoryGrantStore();
  /** Containers whose processes the agent killed itself. */
  readonly killed: string[] = [];
  /** All that was told, also by former runners. */
  readonly reports: TaskReport[] = [];
  db = new MemoryTaskDb();
  runner: Runner;

  constructor() {
    this.runner = this.#started();
  }

  /** As a new process would: the former one has stopped. */
  restart(): void {
    this.runner = this.#started();
  }

  state(taskId: string): string | undefined {
    return this.reports.findLast((report) => report.taskId === taskId)?.status.state;
  }

  comesTo(taskId: string, wanted: string): Promise<void> {
    return this.clock.advanceUntil(() => this.state(taskId) === wanted, LIMIT_MS, `${taskId} to be ${wanted}, it is ${this.state(taskId)}`);
  }

  /** Ids of the containers that run. */
  runningContainers(): string[] {
    return [...this.engine.containers.values()].filter(({ state }) => state === 'running').map(({ id }) => id);
  }

  #started(): Runner {
    const { engine, network, db, grants, clock, killed } = this;
    const runner = new Runner({
      clusterId: 'clu',
      node: { id: 'n1', hostname: 'alpha', os: 'linux', architecture: 'x86_64' },
      engine,
      network,
      db,
      files: NO_FILES,
      grants,
      killer: { kill: async (id) => killed.push(id) },
      retention: { perSlot: 2, maxAgeMs: DAY_MS },
      images: { unusedMs: 0, diskBytes: 1 },
      clock,
      random: new SeededRandom(1),
      log: silentLog,
      describe: () => Promise.reject(new Error('not part of these tests')),
    });
    runner.onReport((report) => this.reports.push(report));
    runner.start();
    return runner;
  }
}

export function setOf(...tasks: TaskAssignment[]): NodeSetItems {
  return { tasks, ended: [], networks: [], services: [], files: [] };
}

/** An assignment whose image is not on the node. */
export function needsPull(id: string, slot: number): TaskAssignment {
  const { template, ...rest } = assignmentOf({ id, slot });
  return { ...rest, template: { ...template, container: { ...template.container, image: 'far:1' } } };
}
