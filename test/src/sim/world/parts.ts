import type { AgentCore } from '@tessera/agent/ports/core';
import type { Clock } from '@tessera/kit';
import { startControllers } from '@tessera/manager/controllers/index';
import { createDispatcher } from '@tessera/manager/dispatcher/index';
import { planService } from '@tessera/manager/plan/service/index';
import type { Kv, KvCompare } from '@tessera/manager/ports/kv';
import type { Presence } from '@tessera/manager/ports/presence';
import type { ClusterStore } from '@tessera/manager/ports/store';
import type { KvClusterStore } from '@tessera/manager/state/cluster-store';
import type { BridgePool } from './bridge-pool.js';

/** The parts of the cluster that a mutation may replace by faulty ones; all real when it does not. */
export interface Parts {
  /** The connection of a manager to its store. */
  kv(kv: Kv): Kv;
  /** The store as the dispatcher writes to it. */
  dispatcherStore(store: ClusterStore): ClusterStore;
  /** The store as the leader's controllers write to it. */
  leaderStore(store: KvClusterStore, fence: KvCompare): ClusterStore;
  /** A manager's place among the managers, as its dispatcher knows it. */
  presence(presence: Presence): Presence;
  /** The agent, as its session reaches it. */
  agentCore(core: AgentCore, clock: Clock): AgentCore;
  /** Whether a leader stops its controllers when it has lost its lease. */
  stepsDown: boolean;
  createDispatcher: typeof createDispatcher;
  startControllers: typeof startControllers;
  /** The planner that is asked whether its own result is at rest. */
  planService: typeof planService;
  /** The addresses of a host. */
  bridges(pool: BridgePool): BridgePool;
}

export const REAL_PARTS: Parts = {
  kv: (kv) => kv,
  dispatcherStore: (store) => store,
  leaderStore: (store, fence) => store.fenced(() => [fence]),
  presence: (presence) => presence,
  agentCore: (core) => core,
  stepsDown: true,
  createDispatcher,
  startControllers,
  planService,
  bridges: (pool) => pool,
};
