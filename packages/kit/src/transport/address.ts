import { isIPv6 } from 'node:net';

/** The port on which a manager serves everything: API, sessions and streams. */
export const DEFAULT_MANAGER_PORT = 4600;

export interface ManagerAddress {
  host: string;
  port: number;
}

/** Reads `host`, `host:port`, `[v6]:port` or `https://host:port`. @throws Error that repeats what was given and the right form. */
export function parseAddress(text: string): ManagerAddress {
  const bare = text
    .trim()
    .replace(/^https:\/\//, '')
    .replace(/\/$/, '');
  if (isIPv6(bare)) return { host: bare, port: DEFAULT_MANAGER_PORT };
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([a-zA-Z0-9_.-]+))(?::(\d{1,5}))?$/.exec(bare);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? DEFAULT_MANAGER_PORT : Number(match[3]);
  if (host === undefined || port < 0 || port > 65_535)
    throw new Error(`'${text}' is not the address of a manager: write host, host:port or https://host:port`);
  return { host, port };
}

export function formatAddress({ host, port }: ManagerAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}
