import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { httpLoad, type Load } from '../../support/load.js';
import { eventually, type TestCluster } from '../../support/test-cluster.js';

const LIMIT_MS = 60_000;
const LEAST_REQUESTS = 20_000;

/** Clients that keep their connections and clients that do not, at every node, while all that a request passes is changed. */
export function describeHttpLoad(cluster: () => TestCluster, images: () => { answers: string[]; caddy: string }): void {
  describe('changes behind and of HTTP proxies under load', () => {
    let loads: Load[] = [];
    let authority: string;

    before(async () => {
      await enable(images().caddy);
      authority = await cluster().tsctl.succeed(['http', 'ca']);
      await deploy('v1', 'start-first', '/');
      const headers = { host: 'load.test' };
      loads = cluster().bed.hosts.flatMap(({ ip }, at) => [
        httpLoad(ip, 80, { workers: 1, keepAlive: true, headers: { host: 'plain.load.test' } }),
        httpLoad(ip, 80, { workers: 1, keepAlive: false, headers: { host: 'plain.load.test' } }),
        httpLoad(ip, 443, { workers: 1, keepAlive: at !== 1, headers, tls: { servername: 'load.test', ca: authority } }),
      ]);
    });

    after(async () => {
      await Promise.all(loads.map((load) => load.end()));
    });

    const enable = (...options: string[]): Promise<string> =>
      cluster().tsctl.succeed(['http', 'enable', '--image', ...options, '--replicas', '2', '--timeout', '180s']);

    async function deploy(version: 'v1' | 'v2', order: string, path: string): Promise<void> {
      const [v1, v2] = images().answers;
      const compose = `services:
  web:
    image: ${version === 'v1' ? v1 : v2}
    stop_grace_period: 4s
    healthcheck: { test: "wget -q -O /dev/null http://127.0.0.1/", interval: 1s, start_interval: 200ms, start_period: 5s }
    x-http: [{ host: plain.load.test, tls: off }, { host: load.test, tls: internal }, { host: other.load.test, path: ${path}, tls: off }]
    deploy: { replicas: 3, update_config: { parallelism: 1, order: ${order}, monitor: 500ms } }
`;
      await writeFile(join(cluster().tsctl.folder, 'load.yml'), compose);
      await cluster().tsctl.succeed(['deploy', '-f', 'load.yml', 'load', '--timeout', '180s']);
    }

    const answered = (): number => loads.reduce((sum, { result }) => sum + result.answered, 0);
    /** Each load, since a change. */
    async function assertNoneFailed(): Promise<void> {
      const before = loads.map(({ result }) => result.answered + result.failures.length);
      const hasGoneOn = async (): Promise<boolean> =>
        loads.every(({ result }, at) => result.answered + result.failures.length > (before[at] ?? 0) + 20);
      await eventually(hasGoneOn, 'each load to go on', LIMIT_MS);
      assert.deepEqual(
        loads.flatMap(({ result }, at) => result.failures.map((failure) => `load ${at}: ${failure}`)),
        [],
      );
    }

    it('fails no request while the service is updated start-first, then stop-first', async () => {
      await deploy('v2', 'start-first', '/');
      await assertNoneFailed();
      await deploy('v1', 'stop-first', '/');
      await assertNoneFailed();
    });

    it('fails none while the service is scaled down and up', async () => {
      await cluster().tsctl.succeed(['service', 'scale', 'load_web=2', '--timeout', '180s']);
      await cluster().tsctl.succeed(['service', 'scale', 'load_web=4', '--timeout', '180s']);
      await assertNoneFailed();
    });

    it('fails none while routes change', async () => {
      for (const path of ['/one', '/two', '/']) await deploy('v1', 'stop-first', path);
      await assertNoneFailed();
    });

    it('fails none while a node is drained', async () => {
      await cluster().tsctl.succeed(['node', 'drain', '--wait', 'node2', '--timeout', '180s']);
      await cluster().tsctl.succeed(['node', 'activate', 'node2']);
      await assertNoneFailed();
    });

    it('fails none while the proxy is updated', async () => {
      await cluster().tsctl.succeed(['service', 'update', 'http_proxy', '--force', '--timeout', '180s']);
      await assertNoneFailed();
    });

    it('served as many requests as that', async () => {
      await eventually(async () => answered() >= LEAST_REQUESTS, `${LEAST_REQUESTS} requests`, LIMIT_MS);
      await assertNoneFailed();
      const counts = loads.map(({ result }) => result.answered);
      console.log(`        ${answered()} requests, none failed (${counts.join(' ')} by load)`);
      await cluster().tsctl.succeed(['rm', 'load']);
    });
  });
}
