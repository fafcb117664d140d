import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { certificateId, type HostCertificate, HTTP_ACME } from '@tessera/api';
import { acmeAccount, acmeHosts } from './acme.js';
import { Certification, planCertificate } from './certificates.js';
import { httpFile } from './file.js';
import { httpRoutes } from './routes.js';
import { HttpWorld, httpService, ProxyWorld, rule } from './testing/http-world.js';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DIRECTORY = 'https://ca.test/directory';
const KEY = { kty: 'EC', crv: 'P-256', x: 'eA', y: 'eQ', d: 'ZA' };
const NOW = 100 * HOUR_MS;

/** A service with the host `a.test`, settings and account, and a proxy that is not current yet. */
class CertificateWorld extends ProxyWorld {
  constructor(directory = DIRECTORY) {
    super(httpService('web', [rule('a.test', { tls: { mode: 'auto' } })]));
    this.file('configs', HTTP_ACME.settings, JSON.stringify({ directory }));
    this.file('secrets', HTTP_ACME.key, JSON.stringify(KEY));
  }

  /** All proxies go by the routes as they are now. */
  settle(): void {
    this.proxy('p1', httpFile(this.view).id);
  }

  certificate(change: Partial<HostCertificate>): void {
    this.put('certificates', { id: certificateId('a.test'), revision: 0, createdAt: 0, updatedAt: 0, host: 'a.test', ...change });
  }

  plan(now = NOW): string {
    const plan = planCertificate(new Certification(this.view), 'a.test', now);
    if (plan.step === 'wait') return `wait: ${plan.why}`;
    return plan.step === 'keep' ? `keep for ${plan.againInMs / HOUR_MS} h` : plan.step;
  }

  get settings(): string {
    const account = acmeAccount(this.view);
    return typeof account === 'string' ? '' : account.hash;
  }
}

const issued = { hash: 'h', directory: DIRECTORY, at: NOW, notBefore: NOW, notAfter: NOW + 90 * HOUR_MS };

describe('certificates by ACME', () => {
  it('are ordered when all running proxies can answer the authority', () => {
    const world = new CertificateWorld();
    assert.equal(world.plan(), 'wait: no proxy runs that could answer the authority');
    world.settle();
    const plan = planCertificate(new Certification(world.view), 'a.test', NOW);
    assert.deepEqual(plan.step === 'order' && plan.order, {
      host: 'a.test',
      settings: { directory: DIRECTORY },
      accountKey: JSON.stringify(KEY),
    });
    world.proxy('p2', 'former');
    assert.equal(world.plan(), 'wait: the proxies do not have the routes yet');
    world.proxy('p2', 'former', 'shutdown');
    assert.equal(world.plan(), 'order');
  });

  it('wait for somebody to say whom to ask', () => {
    const world = new HttpWorld(httpService('web', [rule('a.test', { tls: { mode: 'auto' } })]));
    const why = (): string => {
      const plan = planCertificate(new Certification(world.view), 'a.test', NOW);
      return plan.step === 'wait' ? plan.why : plan.step;
    };
    assert.equal(why(), 'no certificate authority is set up: run tsctl http enable');
    world.file('configs', HTTP_ACME.settings, '{"directory":"http://ca.test"}');
    world.file('secrets', HTTP_ACME.key, '-----BEGIN PRIVATE KEY-----');
    assert.equal(why(), "config 'http-acme.json' does not say which authority to ask");
    world.file('configs', HTTP_ACME.settings, '{"directory":"https://ca.test"}');
    assert.equal(why(), "secret 'http-acme.key' holds no private key of the curve P-256 as JSON Web Key");
  });

  it('are answered for by the thumbprint of the account key, as RFC 7638 makes it', () => {
    const account = acmeAccount(new CertificateWorld().view);
    const expected = createHash('sha256').update('{"crv":"P-256","kty":"EC","x":"eA","y":"eQ"}').digest('base64url');
    assert.equal(typeof account === 'string' ? account : account.thumbprint, expected);
  });

  it('are renewed when two thirds of their life are over, when asked for, and when another authority is to be asked', () => {
    const world = new CertificateWorld();
    world.settle();
    world.certificate({ issued });
    assert.equal(world.plan(NOW + 20 * HOUR_MS), 'keep for 40 h');
    assert.equal(world.plan(NOW + 60 * HOUR_MS), 'order');
    world.certificate({ issued, askedAt: NOW + 1 });
    assert.equal(world.plan(), 'order');
    world.certificate({ issued: { ...issued, at: NOW + 2 }, askedAt: NOW + 1 });
    assert.equal(world.plan(NOW + 20 * HOUR_MS), 'keep for 40 h');
    world.file('configs', HTTP_ACME.settings, '{"directory":"https://other.test/directory"}');
    world.settle();
    assert.equal(world.plan(), 'order');
  });

  it('are tried again at growing distances after failures, at once when asked for or with other settings', () => {
    const world = new CertificateWorld();
    world.settle();
    const failed = (count: number): Pick<HostCertificate, 'failure'> => ({
      failure: { at: NOW, count, error: 'no', settings: world.settings },
    });
    for (const [count, waitMs] of [
      [1, MINUTE_MS],
      [2, 4 * MINUTE_MS],
      [4, 64 * MINUTE_MS],
      [9, 6 * HOUR_MS],
    ] as const) {
      world.certificate(failed(count));
      const plan = planCertificate(new Certification(world.view), 'a.test', NOW);
      assert.deepEqual(plan, { step: 'wait', why: 'no', againInMs: waitMs });
      assert.equal(world.plan(NOW + waitMs), 'order');
    }
    world.certificate({ ...failed(9), askedAt: NOW + 1 });
    assert.equal(world.plan(), 'order');
    world.certificate(failed(9));
    world.file('configs', HTTP_ACME.settings, JSON.stringify({ directory: DIRECTORY, email: 'a@b.test' }));
    world.settle();
    assert.equal(world.plan(), 'order');
  });

  it('stay for hosts that nobody serves any more until they are over: the host may come back', () => {
    const world = new CertificateWorld();
    world.certificate({ issued });
    world.deploy(httpService('web', [rule('b.test')]));
    assert.equal(world.plan(), 'keep for 90 h');
    assert.equal(world.plan(NOW + 90 * HOUR_MS), 'forget');
    world.certificate({ failure: { at: NOW, count: 1, error: 'no', settings: '' } });
    assert.equal(world.plan(), 'forget');
  });

  it("are not asked of Let's Encrypt for names that it cannot know; authorities of one's own may", () => {
    const names = ['shop.example.com', 'nas.local', 'db.internal', 'plain', 'localhost', 'a.localhost'];
    const rules = names.map((name) => rule(name, { tls: { mode: 'auto' } }));
    const [open, own] = [new CertificateWorld('https://acme-v02.api.letsencrypt.org/directory'), new CertificateWorld()];
    for (const world of [open, own]) world.deploy(httpService('web', rules));
    assert.deepEqual(acmeHosts(open.view), ['shop.example.com']);
    assert.deepEqual(acmeHosts(own.view), ['db.internal', 'nas.local', 'plain', 'shop.example.com']);
    const issuers = httpRoutes(open.view).map(({ host, issuer }) => [host, issuer].join(' '));
    assert.deepEqual(
      issuers.filter((line) => line.endsWith('acme')),
      ['shop.example.com acme'],
    );
    assert.ok(issuers.includes('localhost internal'));
  });
});
