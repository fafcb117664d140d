import { writeFile } from 'node:fs/promises';
import { type Clock, until } from '@tessera/kit';
import type { Box } from '../box/box.js';
import type { AddressPlan } from '../plan/address-plan.js';
import { answers } from '../run/answers.js';
import type { ClusterPaths } from '../state/paths.js';

const READY_LIMIT_MS = 15_000;

/** Starts Debian's docker-registry in the LAN, without TLS and with its data in the state directory. */
export async function startRegistry(
  box: Box,
  { registry }: AddressPlan,
  paths: ClusterPaths['lan'],
  clock: Clock,
  signal?: AbortSignal,
): Promise<void> {
  await writeFile(paths.registryConfig, registryConfig(registry, paths.registryData));
  const argv = ['docker-registry', 'serve', paths.registryConfig];
  await box.spawn(argv, { logFile: paths.registryLog, detached: true, env: { OTEL_TRACES_EXPORTER: 'none' } });
  await until(() => answers(`http://${registry}/v2/`), {
    clock,
    what: `the registry at ${registry} to answer (see ${paths.registryLog})`,
    limitMs: READY_LIMIT_MS,
    signal,
  });
}

/** See the reference of Docker Distribution's configuration, version 0.1. JSON is YAML. */
function registryConfig(address: string, data: string): string {
  const config = {
    version: '0.1',
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: data }, delete: { enabled: true } },
    http: { addr: address },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
