import type { NodeUsage, Service, ServiceSpec, Task, TaskUsage } from '@tessera/api';
import { isRunning, isWanted } from '../../model/task.js';
import type { ClusterView } from '../../model/view.js';

export const METRICS = ['cpu', 'memory'] as const;
export type Metric = (typeof METRICS)[number];

/** How a service's tasks stand to one of its targets. */
export interface Load {
  metric: Metric;
  targetPercent: number;
  /** Mean over the measured tasks, in hundredths of what a task may use. */
  percent: number;
  /** Tasks that would carry the same load at the target. */
  needed: number;
}

/** What is known of the load of a service. */
export interface Loads {
  loads: Load[];
  /** Tasks that run and were measured lately. */
  measured: number;
  /** Tasks that are wanted and do not run yet, or were not measured lately: what they will carry is not known. */
  unknown: number;
  /** Time over which the means were made, the longest of all nodes. */
  overMs: number;
}

/** Older usage says nothing any more: the node or its session is away. */
const STALE_MS = 45_000;
/** Without a limit or reservation, CPU is measured against one core. */
const ONE_CORE = 1e9;

export function loadsOf(view: ClusterView, service: Service, now: number): Loads {
  const wanted = [...view.tasksOfService(service.id)].filter(isWanted);
  const found = wanted.flatMap((task) => (isRunning(task) ? (usageOf(view, task, now) ?? []) : []));
  const loads = METRICS.flatMap(
    (metric) =>
      loadOf(
        service.spec,
        metric,
        found.map(({ usage }) => usage),
      ) ?? [],
  );
  return {
    loads,
    measured: found.length,
    unknown: wanted.length - found.length,
    overMs: Math.max(0, ...found.map(({ overMs }) => overMs)),
  };
}

function usageOf(view: ClusterView, task: Task, now: number): { usage: TaskUsage; overMs: number } | undefined {
  const node: NodeUsage | undefined = view.get('usages', task.nodeId ?? '');
  if (!node || node.at + STALE_MS < now) return undefined;
  const usage = node.tasks.find(({ taskId }) => taskId === task.id);
  return usage && { usage, overMs: node.overMs };
}

function loadOf(spec: ServiceSpec, metric: Metric, usages: readonly TaskUsage[]): Load | undefined {
  const targetPercent = metric === 'cpu' ? spec.autoscale?.cpuPercent : spec.autoscale?.memoryPercent;
  const base = allowance(spec, metric);
  if (targetPercent === undefined || base === 0 || usages.length === 0) return undefined;
  const total = usages.reduce((sum, usage) => sum + (metric === 'cpu' ? usage.nanoCpus : usage.memoryBytes), 0);
  const hundredths = (100 * total) / base;
  return { metric, targetPercent, percent: hundredths / usages.length, needed: Math.ceil(hundredths / targetPercent - 1e-9) };
}

/** What a task may use: its limit, else its reservation, else (CPU) a core. 0: there is nothing to compare with. */
export function allowance({ template: { limits, reservations } }: ServiceSpec, metric: Metric): number {
  if (metric === 'memory') return limits.memoryBytes ?? reservations.memoryBytes;
  return limits.nanoCpus ?? (reservations.nanoCpus > 0 ? reservations.nanoCpus : ONE_CORE);
}
