import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type PeerCertificate } from 'node:tls';
import type { HttpOverview, Task } from '@tessera/api';
import { AcmeAuthority } from '../../support/acme-authority.js';
import { eventually, type TestCluster } from '../../support/test-cluster.js';

const LIMIT_MS = 30_000;
const HANDSHAKE_LIMIT_MS = 5_000;
const ISSUER = 'Bed Authority - ECC Intermediate';

/** Certificates for hosts with `tls: auto`, from an authority in the bed, while several proxies run. `tsctl http enable` has been run. */
export function describeAcme(cluster: () => TestCluster, images: () => { answers: string[]; caddy: string }): void {
  describe('certificates by ACME', () => {
    let authority: AcmeAuthority;
    const ips = (): string[] => cluster().bed.hosts.map(({ ip }) => ip);

    before(async () => {
      const [first = '', second = ''] = ips();
      const hosts = { 'app.auto.test': first, 'more.auto.test': second };
      authority = await AcmeAuthority.start(cluster().host(2), cluster().bed.hosts, hosts, cluster().tsctl.folder);
      await writeFile(join(cluster().tsctl.folder, 'root.pem'), authority.root);
    });

    after(() => authority?.stop());

    const enable = (...options: string[]): Promise<string> =>
      cluster().tsctl.succeed(['http', 'enable', '--image', images().caddy, '--replicas', '2', '--timeout', '180s', ...options]);
    const enableOwn = (): Promise<string> => enable('--acme-directory', authority.directory, '--acme-ca', 'root.pem');
    const deploy = async (rules: string): Promise<void> => {
      const compose = `services:\n  web: { image: ${images().answers[0]}, stop_grace_period: 1s, x-http: ${rules} }\n`;
      await writeFile(join(cluster().tsctl.folder, 'auto.yml'), compose);
      await cluster().tsctl.succeed(['deploy', '-f', 'auto.yml', 'auto', '--timeout', '180s']);
    };
    const routeOf = async (host: string): Promise<HttpOverview['routes'][number] | undefined> => {
      const { code, stdout, stderr } = await cluster().tsctl.run(['http', 'status', '-o', 'json']);
      assert.ok(code < 2, stderr);
      return (JSON.parse(stdout) as HttpOverview).routes.find((route) => route.host === host);
    };
    /** What all nodes serve for the name: one certificate, trusted by the authority's root and nothing else. */
    const served = async (host: string): Promise<PeerCertificate | undefined> => {
      const all = await Promise.all(ips().map((ip) => certificateAt(ip, host, authority.root)));
      return new Set(all.map((each) => each?.fingerprint256)).size === 1 ? all[0] : undefined;
    };
    const isServed = (host: string) => eventually(() => served(host), `a certificate for ${host} on all nodes`, LIMIT_MS);

    it('refuses settings that cannot be right, and says which', async () => {
      for (const [options, said] of [
        [['--acme-directory', 'http://ca.test/directory'], /--acme-directory: "http:\/\/ca\.test\/directory" is no https URL/],
        [['--acme-ca', 'root.pem'], /--acme-ca goes with --acme-directory/],
        [['--acme-directory', authority.directory, '--acme-ca', 'none.pem'], /--acme-ca: none\.pem cannot be read \(ENOENT\)/],
        [['--acme-directory', authority.directory, '--acme-ca', 'auto.yml'], /--acme-ca: auto\.yml holds no certificate in PEM/],
        [['--acme-email', 'nobody'], /--acme-email: "nobody" is no address/],
      ] as const) {
        await writeFile(join(cluster().tsctl.folder, 'auto.yml'), 'services: {}\n');
        const { code, stderr } = await cluster().tsctl.run(['http', 'enable', ...options]);
        assert.equal(code, 2);
        assert.match(stderr, said);
      }
    });

    it('tells of an authority that cannot be asked, and serves all else meanwhile', async () => {
      await enable('--acme-directory', authority.directory.replace('local', 'wrong'), '--acme-ca', 'root.pem');
      await deploy('[app.auto.test, { host: plain.auto.test, tls: off }, { host: own.auto.test, tls: internal }]');
      const route = await eventually(
        async () => {
          const found = await routeOf('app.auto.test');
          return found?.certificate?.problem?.includes('404') ? found : undefined;
        },
        'the failure to be told',
        LIMIT_MS,
      );
      assert.match(route?.problem ?? '', /^no certificate yet: .*returned error 404: https:\/\/ca\.test:8443\/acme\/wrong\/directory$/);
      assert.deepEqual([(await routeOf('plain.auto.test'))?.problem, (await routeOf('own.auto.test'))?.problem], [undefined, undefined]);
      const ca = await cluster().tsctl.succeed(['http', 'ca']);
      for (const ip of ips()) assert.ok(await certificateAt(ip, 'own.auto.test', ca), 'the internal CA certifies as ever');
      assert.equal(await served('app.auto.test'), undefined);
    });

    it('has a host certified by the authority as soon as it is named, and serves that on every node, whichever proxy was asked', async () => {
      await enableOwn();
      const certificate = await isServed('app.auto.test');
      assert.equal(certificate?.subjectaltname, 'DNS:app.auto.test');
      assert.equal(certificate?.issuer.CN, ISSUER);
      const route = await routeOf('app.auto.test');
      assert.deepEqual([route?.problem, route?.certificate?.problem], [undefined, undefined]);
      assert.equal(route?.certificate?.notAfter, Date.parse(certificate?.valid_to ?? ''));
    });

    it('has a second name certified, and leaves the first as it is', async () => {
      const before = await isServed('app.auto.test');
      await deploy('[app.auto.test, more.auto.test]');
      assert.equal((await isServed('more.auto.test'))?.subjectaltname, 'DNS:more.auto.test');
      assert.equal((await served('app.auto.test'))?.fingerprint256, before?.fingerprint256);
    });

    it('renews a certificate when asked to', async () => {
      const before = await isServed('app.auto.test');
      await cluster().tsctl.succeed(['http', 'renew', 'app.auto.test']);
      const isNew = async (): Promise<boolean> => {
        const now = await served('app.auto.test');
        return now !== undefined && now.fingerprint256 !== before?.fingerprint256;
      };
      await eventually(isNew, 'another certificate on all nodes', LIMIT_MS);
      const { code, stderr } = await cluster().tsctl.run(['http', 'renew', 'other.test']);
      assert.equal(code, 4);
      assert.match(stderr, /no service serves 'other\.test' with a certificate of an authority/);
    });

    it('keeps certificates when all proxies are new ones, and the authority is gone', async () => {
      const before = await isServed('app.auto.test');
      await authority.stop();
      const proxies = async (): Promise<string[]> => (await cluster().tsctl.json<Task[]>('ps', 'http')).map(({ id }) => id).sort();
      const former = await proxies();
      for (const count of [0, 2]) await cluster().tsctl.succeed(['service', 'scale', `http_proxy=${count}`, '--timeout', '180s']);
      assert.deepEqual(
        (await proxies()).filter((id) => former.includes(id)),
        [],
      );
      assert.equal((await isServed('app.auto.test'))?.fingerprint256, before?.fingerprint256);
      await cluster().tsctl.succeed(['rm', 'auto']);
    });
  });
}

/** @returns undefined when no certificate for the name comes that `ca` vouches for. */
function certificateAt(ip: string, name: string, ca: string): Promise<PeerCertificate | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: ip, port: 443, servername: name, ca, timeout: HANDSHAKE_LIMIT_MS });
    const end = (certificate?: PeerCertificate): void => {
      resolve(certificate);
      socket.destroy();
    };
    socket
      .on('secureConnect', () => end(socket.getPeerCertificate()))
      .on('error', () => end())
      .on('timeout', () => end());
  });
}
