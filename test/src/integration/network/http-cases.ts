import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { join } from 'node:path';
import type { HttpOverview, Task } from '@tessera/api';
import { httpLoad, type Load } from '../../support/load.js';
import { commandOutput } from '../../support/test-bed.js';
import { eventually, type TestCluster } from '../../support/test-cluster.js';

const LIMIT_MS = 20_000;
const ROUNDS = 2;
const LEAST_ANSWERS = 1_000;

interface Answer {
  status: number;
  body: string;
  location?: string | undefined;
}

/** HTTP by host name and path through Debian's Caddy, on hosts of which not all run a proxy. */
export function describeHttp(cluster: () => TestCluster, images: () => { answers: string[]; caddy: string }): void {
  describe('HTTP proxies', () => {
    let authority: string;

    before(async () => {
      await cluster().tsctl.succeed(['http', 'enable', '--image', images().caddy, '--replicas', '2', '--timeout', '180s']);
      authority = await cluster().tsctl.succeed(['http', 'ca']);
      await deploy('shop', services({ web: SECURE, api: API, plain: PLAIN }));
      await cluster().tsctl.succeed(['http', 'status']);
    });

    const deploy = async (stack: string, compose: string): Promise<{ code: number; stderr: string }> => {
      await writeFile(join(cluster().tsctl.folder, 'http.yml'), compose);
      return cluster().tsctl.run(['deploy', '-f', 'http.yml', stack, '--prune', '--timeout', '180s'], {
        env: { IMAGE: images().answers[0] ?? '' },
      });
    };
    const services = (rules: Record<string, string>): string => {
      const each = Object.entries(rules).map(([name, rule]) => `  ${name}: { image: "\${IMAGE}", stop_grace_period: 1s, x-http: ${rule} }`);
      return `services:\n${each.join('\n')}\n`;
    };
    const ips = (): string[] => cluster().bed.hosts.map(({ ip }) => ip);
    /** The address that clients on this machine have on the LAN. */
    const own = (): string => (ips()[0] ?? '').replace(/\d+$/, '254');

    it('sends requests by host and path to services, over TLS that the CA of the cluster vouches for', async () => {
      for (const ip of ips()) {
        const [web, api] = [await askSecurely(ip, 'app.test', '/x', authority), await askSecurely(ip, 'app.test', '/api/x', authority)];
        assert.match(web.body, /^v1 (\S+) \S+ for \S+ \/x\n$/);
        assert.match(api.body, /^v1 (\S+) \S+ for \S+ \/x\n$/);
        assert.notEqual(web.body.split(' ')[1], api.body.split(' ')[1], 'two services');
      }
      assert.equal((await askSecurely(ips()[0] ?? '', 'app.test', '/apiary', authority)).body.split(' ')[5], '/apiary\n');
    });

    it('tells services the address of the client, whichever node it asked', async () => {
      for (const ip of ips()) {
        const { status, body } = await ask(ip, 'plain.test', '/');
        assert.equal(status, 200);
        assert.equal(body.split(' for ')[1], `${own()} /\n`);
      }
    });

    it('sends those who come without TLS to it, and knows nothing of other hosts', async () => {
      const [ip = ''] = ips();
      const { status, location } = await ask(ip, 'app.test', '/x?y=z');
      assert.deepEqual({ status, location }, { status: 308, location: 'https://app.test/x?y=z' });
      assert.equal((await ask(ip, 'other.test', '/')).status, 404);
    });

    it('does not let services reach each other on the network of the proxies, though they do on their own', async () => {
      const tasks = await cluster().tsctl.json<Task[]>('ps', 'shop');
      const [from, to] = ['shop_web', 'shop_plain'].map((name) => tasks.find(({ serviceName }) => serviceName === name));
      const node = (await cluster().client.call('getNode', { params: { ref: from?.nodeId ?? '' } })).name;
      const host = cluster().bed.hosts.find(({ name }) => name === node);
      const reach = async (network: string): Promise<number | undefined> => {
        const { id } = (await cluster().client.call('getNetwork', { params: { ref: network } })).network;
        const url = `http://${to?.status.addresses?.[id]}/`;
        return (await host?.exec(['docker', 'exec', from?.status.containerId ?? '', 'timeout', '2', 'wget', '-q', '-O', '-', url]))?.code;
      };
      assert.deepEqual([(await reach('shop_default')) === 0, (await reach('http')) === 0], [true, false]);
    });

    it('refuses a host and path that another service has, and names it', async () => {
      const { code, stderr } = await deploy('rival', services({ mine: API }));
      assert.equal(code, 1);
      assert.match(stderr, /app\.test\/api of service 'rival_mine' is served by service 'shop_api' already/);
    });

    it('serves a certificate that a secret holds, and refuses one whose key is of another', async () => {
      const folder = cluster().tsctl.folder;
      for (const name of ['site', 'other']) await makeCertificate(folder, name, 'site.test');
      const compose = (key: string): string => `${services({ site: '{ host: site.test, tls: { cert: crt, key: key } }' })}secrets:
  crt: { file: ./site.crt }
  key: { file: ./${key}.key }
`;
      const refused = await deploy('given', compose('other'));
      assert.match(refused.stderr, /certificate 'given_crt' and key 'given_key' do not belong together/);
      assert.equal((await deploy('given', compose('site'))).code, 0);
      const own = await commandOutput('cat', [join(folder, 'site.crt')]);
      const answer = await askSecurely(ips()[2] ?? '', 'site.test', '/', own);
      assert.match(answer.body, /^v1 /);
      await cluster().tsctl.succeed(['rm', 'given']);
    });

    it('adds, changes and removes routes without restart of a proxy, and without failing a request for another', async () => {
      const proxies = async (): Promise<string[]> => (await cluster().tsctl.json<Task[]>('ps', 'http')).map(({ id }) => id).sort();
      const before = await proxies();
      const loads: Load[] = ips().map((ip) => httpLoad(ip, 80, { workers: 2, keepAlive: false, headers: { host: 'plain.test' } }));
      for (let round = 0; round < ROUNDS; round++) {
        const host = `round${round}.test`;
        const rule = (path: string): string =>
          services({ web: SECURE, api: API, plain: `[${PLAIN}, { host: ${host}, path: ${path}, tls: off }]` });
        assert.equal((await deploy('shop', rule('/one'))).code, 0);
        assert.equal(await statusOf(host, '/one'), '200');
        assert.equal((await deploy('shop', rule('/two'))).code, 0);
        assert.deepEqual([await statusOf(host, '/two'), await statusOf(host, '/one')], ['200', '404']);
        assert.equal((await deploy('shop', services({ web: SECURE, api: API, plain: PLAIN }))).code, 0);
        assert.equal(await statusOf(host, '/two'), '404');
      }
      await eventually(
        async () => loads.every(({ result }) => result.answered + result.failures.length > LEAST_ANSWERS),
        'answers',
        LIMIT_MS,
      );
      const results = await Promise.all(loads.map((load) => load.end()));
      assert.deepEqual(
        results.flatMap(({ failures }) => failures),
        [],
      );
      assert.deepEqual(await proxies(), before);
      console.log(`        ${results.reduce((sum, { answered }) => sum + answered, 0)} requests during ${ROUNDS * 3} changes, none failed`);
    });

    /** What all nodes answer: one text when they agree. */
    const statusOf = async (host: string, path: string): Promise<string> => {
      const statuses = await Promise.all(ips().map(async (ip) => (await ask(ip, host, path)).status));
      return [...new Set(statuses)].join(' ');
    };

    it('puts new content of a config in place and signals the program, which runs on', async () => {
      const compose = (content: string): string => `services:
  page:
    image: "\${IMAGE}"
    command: ["sh", "-c", ${JSON.stringify(SERVE_ON_SIGNAL)}]
    ports: ["8090:80"]
    stop_grace_period: 1s
    x-reload-signal: SIGHUP
    configs: [{ source: text, target: /text }]
configs: { text: { content: ${content} } }
`;
      // A task without a health check runs before its program listens.
      const answer = () => ask(ips()[0] ?? '', 'page', '/', 8090).catch(() => undefined);
      const page = async (): Promise<string> => (await eventually(answer, 'the page', LIMIT_MS))?.body ?? '';
      assert.equal((await deploy('paper', compose('first'))).code, 0);
      assert.equal(await page(), 'first');
      const [before] = await cluster().tsctl.json<Task[]>('ps', 'paper');
      assert.equal((await deploy('paper', compose('a longer second'))).code, 0);
      await eventually(async () => (await page()) === 'a longer second', 'the new content', LIMIT_MS);
      const [after, ...more] = await cluster().tsctl.json<Task[]>('ps', 'paper');
      assert.deepEqual([after?.id, more], [before?.id, []]);
      assert.match(after?.status.message ?? '', /^running, files reloaded at /);
      assert.notDeepEqual(after?.status.files, before?.status.files);
      await cluster().tsctl.succeed(['rm', 'paper']);
    });

    it('tells what is served, and stops', async () => {
      const { routes, proxies } = await cluster().tsctl.json<HttpOverview>('http', 'status');
      assert.deepEqual(
        routes.map(({ host, path, service, tls, problem }) => [host, path, service, tls, problem].join(' ')),
        ['app.test /api shop_api internal ', 'app.test / shop_web internal ', 'plain.test / shop_plain off '],
      );
      assert.deepEqual(
        proxies.map(({ current }) => current),
        [true, true],
      );
      await cluster().tsctl.succeed(['rm', 'shop']);
      await cluster().tsctl.succeed(['http', 'disable']);
      assert.equal((await cluster().tsctl.run(['network', 'inspect', 'http'])).code, 4);
    });
  });
}

const SECURE = '{ host: app.test, tls: internal }';
const API = '{ host: app.test, path: /api, strip_prefix: true, tls: internal }';
const PLAIN = '{ host: plain.test, tls: off }';

/** The shell stays in front, to hear the signal. */
const SERVE_ON_SIGNAL =
  "mkdir /www; cp /text /www/index.html; trap 'cp /text /www/index.html' HUP; trap 'exit 0' TERM; httpd -f -p 80 -h /www & while :; do wait; done";

async function makeCertificate(folder: string, file: string, host: string): Promise<void> {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', join(folder, `${file}.key`)];
  const names = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
  await commandOutput('openssl', ['req', '-x509', '-days', '1', ...key, '-out', join(folder, `${file}.crt`), ...names]);
}

function ask(ip: string, host: string, path: string, port = 80): Promise<Answer> {
  return answered(plainRequest({ host: ip, port, path, headers: { host }, agent: false }));
}

/** @throws Error when the certificate is not for the host, or nobody in `ca` vouches for it. */
function askSecurely(ip: string, host: string, path: string, ca: string): Promise<Answer> {
  return answered(secureRequest({ host: ip, port: 443, servername: host, path, headers: { host }, ca, agent: false }));
}

function answered(request: ReturnType<typeof plainRequest>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request.on('error', reject).on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response
        .on('error', reject)
        .on('end', () => resolve({ status: response.statusCode ?? 0, body, location: response.headers.location }));
    });
    request.end();
  });
}
