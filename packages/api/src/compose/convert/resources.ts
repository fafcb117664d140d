import type { Limits, Reservations } from '../../spec/index.js';
import type { Path } from '../diagnostic.js';
import { type ConvertContext, compact } from './context.js';
import type { ComposeService } from './model.js';

/** Docker refuses to run a container with less. */
const MIN_MEMORY_BYTES = 6 * 1024 * 1024;
/** The kernel's period of CPU bandwidth when `cpu_period` does not say another, in microseconds. */
const DEFAULT_CPU_PERIOD_US = 100_000;

/** Limits of `deploy.resources` and of the keys of a service that say the same. */
export function convertLimits(service: ComposeService, path: Path, context: ConvertContext): Limits {
  const limits = service.deploy?.resources?.limits ?? {};
  const pick = (key: 'cpus' | 'memory' | 'pids', legacy: string, value: number | undefined) =>
    one(limits[key], ['limits', key], value, legacy, path, context);
  const nanoCpus = pick('cpus', service.cpus === undefined ? 'cpu_quota' : 'cpus', service.cpus ?? quotaAsNanoCpus(service));
  const memoryBytes = pick('memory', 'mem_limit', service.mem_limit);
  if (memoryBytes !== undefined && memoryBytes > 0 && memoryBytes < MIN_MEMORY_BYTES) {
    context.error(
      limits.memory === undefined ? [...path, 'mem_limit'] : [...path, 'deploy', 'resources', 'limits', 'memory'],
      `a limit of ${memoryBytes} bytes is too little: Docker needs 6m`,
    );
  }
  checkSwap(service.memswap_limit, memoryBytes, path, context);
  return compact({
    nanoCpus: nanoCpus === 0 ? undefined : nanoCpus,
    memoryBytes: memoryBytes === 0 ? undefined : memoryBytes,
    pids: pick('pids', 'pids_limit', service.pids_limit),
    memorySwapBytes: service.memswap_limit,
    memorySwappiness: service.mem_swappiness,
    cpuShares: service.cpu_shares,
    cpuset: service.cpuset,
    blkioWeight: service.blkio_config?.weight,
  });
}

/** Memory and swap together cannot be less than memory alone. Source of the rule: Docker, `--memory-swap`. */
function checkSwap(swapBytes: number | undefined, memoryBytes: number | undefined, path: Path, context: ConvertContext): void {
  if (swapBytes === undefined || swapBytes <= 0) return;
  if (memoryBytes === undefined) context.error([...path, 'memswap_limit'], 'goes only with a limit of memory', "set 'mem_limit:' too");
  else if (swapBytes < memoryBytes) context.error([...path, 'memswap_limit'], 'is less than the limit of memory, which it includes');
}

export function convertReservations(service: ComposeService, path: Path, context: ConvertContext): Reservations {
  const { cpus, memory, generic_resources: generic = [] } = service.deploy?.resources?.reservations ?? {};
  const memoryBytes = one(memory, ['reservations', 'memory'], service.mem_reservation, 'mem_reservation', path, context) ?? 0;
  const place = [...path, 'deploy', 'resources', 'reservations'];
  const limits = service.deploy?.resources?.limits;
  requireWithin(memoryBytes, limits?.memory ?? service.mem_limit, [...place, 'memory'], 'memory', context);
  requireWithin(cpus ?? 0, limits?.cpus ?? service.cpus, [...place, 'cpus'], 'cpus', context);
  return {
    nanoCpus: cpus ?? 0,
    memoryBytes,
    generic: generic.map(({ discrete_resource_spec: { kind, value } }) => ({ kind, count: value })),
  };
}

function requireWithin(reserved: number, limit: number | undefined, path: Path, what: string, context: ConvertContext): void {
  if (limit !== undefined && limit > 0 && reserved > limit) context.error(path, `reserves more ${what} than the limit allows`);
}

/** The value of `deploy.resources` or of the old key; two that differ are an error. */
function one(
  value: number | undefined,
  [group, key]: [string, string],
  legacyValue: number | undefined,
  legacy: string,
  path: Path,
  context: ConvertContext,
): number | undefined {
  if (value !== undefined && legacyValue !== undefined && value !== legacyValue) {
    context.error([...path, legacy], `${legacy} and deploy.resources.${group}.${key} differ`, 'keep one of them');
  }
  return value ?? legacyValue;
}

function quotaAsNanoCpus({ cpu_quota: quota, cpu_period: period }: ComposeService): number | undefined {
  if (quota === undefined || quota <= 0) return undefined;
  return Math.round((quota * 1e9) / (period || DEFAULT_CPU_PERIOD_US));
}
