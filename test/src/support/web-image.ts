import { get } from 'node:http';
import type { Bed, Host } from '@tessera/bed';
import { provideVersions } from './version-images.js';

const REQUEST_LIMIT_MS = 1_000;
const CONTAINER_PORT = 80;

/*
 * Each start writes the page anew. The shell stays in front, since a pid 1 without a handler of its own does not hear
 * SIGTERM and would use up the whole grace.
 */
const SERVE = `trap 'exit 0' TERM; mkdir -p /www; echo "$VERSION $(hostname)" > /www/index.html; httpd -f -p ${CONTAINER_PORT} -h /www & wait`;

/** What a container of the image answers to `GET /`. */
export interface WebAnswer {
  version: string;
  /** The first 12 characters of the container's id. */
  container: string;
}

/** Builds `web:<version>` for each version, which answers with its version and host name, and pushes it. @returns the images' names. */
export function provideWebImages(bed: Bed, versions: readonly string[]): Promise<string[]> {
  return provideVersions(bed, 'web', versions, () => `CMD ${JSON.stringify(['sh', '-c', SERVE])}\n`);
}

/** How many servers of this image run in a host by its process table, whatever its Docker engine knows of. */
export async function countServers(host: Host): Promise<number> {
  return Number((await host.exec(['pgrep', '--count', '--full', '^httpd -f'])).stdout);
}

/** Asks over a connection of its own, since balancing is by connection. @returns undefined when there is no such answer. */
export function askWeb(host: string, port: number): Promise<WebAnswer | undefined> {
  return new Promise((resolve) => {
    const request = get({ host, port, path: '/', agent: false, timeout: REQUEST_LIMIT_MS }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('error', () => resolve(undefined)).on('end', () => resolve(parseAnswer(body)));
    });
    request.on('error', () => resolve(undefined)).on('timeout', () => request.destroy());
  });
}

function parseAnswer(body: string): WebAnswer | undefined {
  const [, version, container] = /^(\S+) (\S+)\n$/.exec(body) ?? [];
  return version !== undefined && container !== undefined ? { version, container } : undefined;
}
