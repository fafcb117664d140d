import type { ContainerUsage } from '../ports/engine.js';

/** The part of the engine's statistics that is read. */
export interface EngineStats {
  cpu_stats?: { cpu_usage?: { total_usage?: number } };
  /** `inactive_file` with cgroups v2, `total_inactive_file` with v1. */
  memory_stats?: { usage?: number; stats?: { inactive_file?: number; total_inactive_file?: number } };
}

/** Usage as the engine tells it; `undefined` of a container that does not run: its memory has no usage. Source: `docker stats` counts so. */
export function usageIn({ cpu_stats, memory_stats }: EngineStats): ContainerUsage | undefined {
  const [cpuNanos, used] = [cpu_stats?.cpu_usage?.total_usage, memory_stats?.usage];
  if (cpuNanos === undefined || used === undefined) return undefined;
  const cache = memory_stats?.stats?.total_inactive_file ?? memory_stats?.stats?.inactive_file ?? 0;
  return { cpuNanos, memoryBytes: Math.max(0, used - cache) };
}
