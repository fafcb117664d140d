import assert from 'node:assert/strict';
import { certificateId, contentId, HTTP_ACME, HTTP_CONFIG } from '@tessera/api';
import { SeededRandom, silentLog, VirtualClock } from '@tessera/kit';
import { MemoryStore } from '../adapters/kv/memory/memory-store.js';
import { deployed, serviceSpec } from '../model/testing/builders.js';
import { httpFile } from '../plan/http/file.js';
import { httpRoutes } from '../plan/http/routes.js';
import { httpService, rule } from '../plan/http/testing/http-world.js';
import type { AcmeOrder, IssuedCertificate } from '../ports/acme.js';
import type { StoreChange } from '../ports/store.js';
import { KvClusterStore } from '../state/cluster-store.js';
import { CertificateController } from './certificate-controller.js';

const HOUR_MS = 3_600_000;
const KEY = '{"kty":"EC","crv":"P-256","x":"eA","y":"eQ","d":"ZA"}';
const HOST = 'a.test';

describe('the certificate controller', () => {
  let clock: VirtualClock;
  let store: KvClusterStore;
  let controller: CertificateController;
  let orders: AcmeOrder[];
  /** What the authority does next. */
  let answer: (order: AcmeOrder, signal: AbortSignal) => Promise<IssuedCertificate>;

  beforeEach(async () => {
    clock = new VirtualClock();
    orders = [];
    const common = { clock, random: new SeededRandom(1), log: silentLog };
    const sealer = { seal: (text: string) => text, unseal: (text: string) => text, fingerprint: String };
    store = await KvClusterStore.open({ ...common, kv: new MemoryStore({ clock, keepsObjects: true }).connect(), sealer });
    const acme = {
      issue: (order: AcmeOrder, signal: AbortSignal): Promise<IssuedCertificate> => {
        orders.push(order);
        return answer(order, signal);
      },
    };
    controller = new CertificateController({ ...common, store, acme });
    store.onChange((change) => controller.onChange(change));
    await file('configs', HTTP_ACME.settings, '{"directory":"https://ca.test/directory"}');
    await file('secrets', HTTP_ACME.key, KEY);
    await commit(...services(deployed(httpService('web', [rule(HOST, { tls: { mode: 'auto' } })]), 'web')));
    const proxy = deployed(
      serviceSpec('proxy', 1, ({ template }) => {
        template.container.secrets = [{ source: HTTP_CONFIG, target: '/x', uid: '0', gid: '0', mode: 0o400 }];
      }),
      'proxy',
    );
    await commit(...services(proxy));
  });

  afterEach(() => controller.stop());

  const commit = async (...changes: StoreChange[]): Promise<void> => void (await store.commit(changes));
  const services = ({ service, revision }: ReturnType<typeof deployed>): StoreChange[] => [
    { type: 'put', kind: 'services', object: service, expect: 'absent' },
    { type: 'put', kind: 'revisions', object: revision, expect: 'absent' },
  ];
  const meta = (id: string) => ({ id, revision: 0, createdAt: 0, updatedAt: 0 });

  async function file(kind: 'configs' | 'secrets', name: string, text: string): Promise<void> {
    const hash = Buffer.from(name).toString('hex').padEnd(64, '0');
    const data = Buffer.from(text).toString('base64');
    const content = { ...meta(contentId(kind, hash)), secret: kind === 'secrets', hash, data };
    await commit({ type: 'put', kind: 'contents', object: content, expect: 'absent' });
    await commit({
      type: 'put',
      kind,
      object: { ...meta(name.replace(/\W/g, '')), spec: { name, labels: {}, data: '' }, hash },
      expect: 'absent',
    });
  }

  /** The one proxy goes by the routes as they are now: the authority may be asked. */
  async function settle(): Promise<void> {
    const { id, templateHash } = store.view.byName('services', 'proxy')!;
    const status = { state: 'running' as const, at: 0, message: '', files: { [`secrets/${HTTP_CONFIG}`]: httpFile(store.view).id } };
    const task = {
      ...meta('t1'),
      serviceId: id,
      serviceName: 'proxy',
      specRevision: 1,
      templateHash,
      slot: 1,
      desired: 'running' as const,
      status,
    };
    await commit({ type: 'put', kind: 'tasks', object: task, expect: 'any' });
  }

  const stored = () => store.view.get('certificates', certificateId(HOST));
  const certified = (name: string): IssuedCertificate => ({
    chain: `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`,
    key: '-----BEGIN PRIVATE KEY-----\nMQ==\n-----END PRIVATE KEY-----\n',
    notBefore: clock.now(),
    notAfter: clock.now() + 90 * HOUR_MS,
  });

  it('has the proxies serve what the authority gives, and renews it in time', async () => {
    answer = async () => certified(orders.length === 1 ? 'MA==' : 'Mg==');
    await settle();
    await clock.advanceUntil(() => stored()?.issued !== undefined, 10);
    assert.deepEqual(orders, [{ host: HOST, settings: { directory: 'https://ca.test/directory' }, accountKey: KEY }]);
    assert.match(httpRoutes(store.view)[0]?.certificate?.certificate ?? '', /MA==/);
    assert.match(httpRoutes(store.view)[0]?.certificate?.key ?? '', /MQ==/);
    await settle();
    await clock.advance(59 * HOUR_MS);
    assert.equal(orders.length, 1);
    await clock.advance(2 * HOUR_MS);
    assert.equal(orders.length, 2);
    assert.match(httpRoutes(store.view)[0]?.certificate?.certificate ?? '', /Mg==/);
  });

  it('notes what the authority says when it gives none, asks again later, and forgets the failure when it does', async () => {
    answer = async () => (orders.length < 3 ? Promise.reject(new Error('no such name')) : certified('MA=='));
    await settle();
    await clock.advanceUntil(() => stored()?.failure !== undefined, 10);
    assert.deepEqual([stored()?.failure?.error, stored()?.failure?.count], ['no such name', 1]);
    await clock.advance(61_000);
    assert.deepEqual([stored()?.failure?.count, orders.length], [2, 2]);
    await clock.advance(241_000);
    assert.deepEqual([orders.length, stored()?.failure, stored()?.issued?.directory], [3, undefined, 'https://ca.test/directory']);
  });

  it('stops at once though an authority does not answer, and notes no failure', async () => {
    answer = (_order, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    await settle();
    await clock.advanceUntil(() => orders.length === 1, 10);
    await controller.stop();
    assert.equal(stored(), undefined);
  });
});
