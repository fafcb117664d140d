import { MAX_RESOURCE_IDS, type OfferedResource, type SystemReserve } from '@tessera/api';
import { parseNanoCpus } from '@tessera/api/compose/units/cpus';
import { parseSize } from '@tessera/api/compose/units/size';

const RESOURCE = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,127})=(.+)$/;
const COUNT = /^\d{1,9}$/;
const ID = /^[a-zA-Z0-9_.:/-]{1,128}$/;

/**
 * `gpu=2` (so many) or `gpu=GPU-1,GPU-2` (these) of the command line. One id is written with a comma after it when it is a number.
 * @throws Error that tells the form.
 */
export function parseResource(text: string): OfferedResource {
  const [, kind, value = ''] = RESOURCE.exec(text) ?? [];
  if (kind === undefined) throw new Error(`--resource ${text}: use kind=count or kind=id,id, such as gpu=2 or gpu=GPU-1,GPU-2`);
  if (COUNT.test(value)) return { kind, count: Number(value) };
  const ids = value.replace(/,$/, '').split(',');
  const bad = ids.find((id, index) => !ID.test(id) || ids.indexOf(id) !== index);
  if (bad !== undefined)
    throw new Error(`--resource ${text}: "${bad}" is no id, or is there twice: use kind=id,id, such as gpu=GPU-1,GPU-2`);
  if (ids.length > MAX_RESOURCE_IDS) throw new Error(`--resource ${kind}: more than ${MAX_RESOURCE_IDS} ids`);
  return { kind, count: ids.length, ids };
}

/** `cpu=0.5,memory=512M` of the command line: what is kept for the host itself. @throws Error that tells the form. */
export function parseReserve(text: string): SystemReserve {
  const reserve: SystemReserve = { nanoCpus: 0, memoryBytes: 0 };
  for (const part of text.split(',')) {
    const [key, value = ''] = part.split('=', 2);
    const amount = key === 'cpu' ? parseNanoCpus(value) : key === 'memory' ? parseSize(value) : undefined;
    if (amount === undefined || amount < 0) throw new Error(`--reserve ${text}: use cpu=cores,memory=size, such as cpu=0.5,memory=512M`);
    reserve[key === 'cpu' ? 'nanoCpus' : 'memoryBytes'] = amount;
  }
  return reserve;
}

/** `zone=a` of the command line. @throws Error that tells the form. */
export function parseLabel(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new Error(`--label ${text}: use key=value, such as zone=eu-1`);
  return [text.slice(0, at), text.slice(at + 1)];
}

/** A whole number from 0. @throws Error */
export function parseCount(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`"${text}" is not a whole number from 0`);
  return Number(text);
}

/** Path of the engine's socket from `--docker-socket`, `--docker-host` or DOCKER_HOST. @throws Error for anything but a unix socket. */
export function parseDockerHost(text: string): string {
  if (text.startsWith('/')) return text;
  if (text.startsWith('unix:///')) return text.slice('unix://'.length);
  throw new Error(`--docker-host ${text}: the agent drives the engine of its own host: use unix:///path/to/docker.sock`);
}
