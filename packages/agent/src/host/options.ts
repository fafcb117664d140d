import type { GenericResource } from '@tessera/api';

const RESOURCE = /^([A-Za-z0-9][A-Za-z0-9_.-]{0,127})=(\d{1,9})$/;

/** `gpu=2` of the command line. @throws Error that tells the form. */
export function parseResource(text: string): GenericResource {
  const [, kind, count] = RESOURCE.exec(text) ?? [];
  if (kind === undefined) throw new Error(`--resource ${text}: use kind=count, such as gpu=2`);
  return { kind, count: Number(count) };
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
