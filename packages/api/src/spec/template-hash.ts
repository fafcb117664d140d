import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { PublishedPort, TaskTemplate } from './service-spec.js';

/** JSON with sorted keys and without what is undefined: equal values give equal text. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => (isRecord(part) ? Object.fromEntries(Object.entries(part).sort(byKey)) : part));
}

/** sha256 of a text, in hex. */
export function textHash(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}

/**
 * sha256 in hex of the canonical template: tasks with another one are replaced. Ports in host mode count as part of it,
 * since they are bound to the container; ingress ports do not. Nor do contents of files that tasks reload.
 * @param ports of the service, with the automatic ones filled in
 */
export function templateHash(template: TaskTemplate, ports: readonly PublishedPort[] = []): string {
  const hashed = template.reload ? { ...template, fileHashes: {} } : template;
  const hostPorts = ports.filter((port) => port.mode === 'host');
  return textHash(canonicalJson(hostPorts.length === 0 ? hashed : { template: hashed, hostPorts }));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
