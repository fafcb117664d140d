import { readFileSync } from 'node:fs';
import type { Clock, Log, Random } from '@tessera/kit';
import { type Kv, KvError } from '../../ports/kv.js';
import { EmbeddedKv } from './embedded/embedded-kv.js';
import type { EtcdTls } from './etcd/endpoints.js';
import { EtcdKv } from './etcd/etcd-kv.js';
import { MemoryStore } from './memory/memory-store.js';

export interface OpenKvOptions {
  clock: Clock;
  log: Log;
  random: Random;
  /** Certificates for `etcds:`; those named in the URL take precedence. */
  tls?: EtcdTls;
}

const FORMS =
  'embedded:/var/lib/tessera, etcd://host:2379,host2:2379, ' + 'etcds://host:2379?ca=/path&cert=/path&key=/path, or memory: (lost at exit)';
const DEFAULT_ETCD_PORT = 2379;
const HOST = /^(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;
const TLS_PARAMETERS = ['ca', 'cert', 'key'];

/**
 * Opens the store that a `--store` value names.
 * @throws KvError `invalid` for a value of no known form, or as the adapter does.
 */
export async function openKv(url: string, options: OpenKvOptions): Promise<Kv> {
  const separator = url.indexOf(':');
  const rest = url.slice(separator + 1);
  switch (url.slice(0, Math.max(0, separator))) {
    case 'embedded':
      return openEmbedded(url, rest, options);
    case 'etcd':
      return openEtcd(url, rest, options);
    case 'etcds':
      return openEtcd(url, rest, options, true);
    case 'memory':
      if (rest === '') return new MemoryStore({ clock: options.clock, keepsObjects: true }).connect();
      break;
  }
  throw malformed(url, 'it has none of the known forms');
}

function openEmbedded(url: string, directory: string, options: OpenKvOptions): Kv {
  if (!directory.startsWith('/')) throw malformed(url, 'the directory must be an absolute path');
  return new EmbeddedKv({ directory, clock: options.clock, log: options.log });
}

function openEtcd(url: string, rest: string, options: OpenKvOptions, secure = false): Kv {
  const [authority = '', query] = rest.split('?', 2);
  if (!authority.startsWith('//')) throw malformed(url, 'two slashes must come before the first host');
  if (!secure && query !== undefined) throw malformed(url, 'certificates belong to etcds:, not etcd:');
  const hosts = authority.slice(2).replace(/\/$/, '').split(',');
  const { clock, random, log } = options;
  const tls = secure ? (tlsOf(url, query) ?? options.tls ?? 'system-roots') : undefined;
  return new EtcdKv({ hosts: hosts.map((host) => withPort(url, host)), clock, random, log, ...(tls && { tls }) });
}

function withPort(url: string, host: string): string {
  if (!HOST.test(host)) throw malformed(url, `"${host}" is not a host`);
  return /:[0-9]+$/.test(host) ? host : `${host}:${DEFAULT_ETCD_PORT}`;
}

function tlsOf(url: string, query: string | undefined): EtcdTls | undefined {
  if (!query) return undefined;
  const parameters = new URLSearchParams(query);
  const unknown = [...parameters.keys()].find((name) => !TLS_PARAMETERS.includes(name));
  if (unknown !== undefined) throw malformed(url, `"${unknown}" is not a parameter`);
  const [ca, cert, key] = TLS_PARAMETERS.map((name) => readPem(url, name, parameters.get(name)));
  if (ca === undefined) throw malformed(url, 'ca is missing');
  if ((cert === undefined) !== (key === undefined)) throw malformed(url, 'cert and key go together');
  return { ca, ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
}

function readPem(url: string, name: string, path: string | null): string | undefined {
  if (path === null) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw malformed(url, `the file of ${name} cannot be read: ${message}`);
  }
}

function malformed(url: string, reason: string): KvError {
  return new KvError('invalid', `--store ${JSON.stringify(url)} cannot be used: ${reason}. Valid forms: ${FORMS}`);
}
