import assert from 'node:assert/strict';
import { ApiError, SESSION_PATH } from '@tessera/api';
import { SystemClock } from '@tessera/kit';
import { foreignCertificate, TestManager } from './test-manager.js';

const HOUR_MS = 3_600_000;

describe('Access to a manager', () => {
  let manager: TestManager;
  before(async () => {
    manager = await TestManager.start();
  });
  after(() => manager.remove());

  const refusal = async (credentials: { certificate?: string; key?: string }): Promise<string> => {
    const error = await manager
      .client(credentials)
      .call('getInfo', {})
      .then(
        () => assert.fail('it was let in'),
        (thrown: unknown) => thrown,
      );
    assert.ok(error instanceof ApiError);
    return `${error.code}: ${error.message}`;
  };

  it('is refused without a certificate', async () => {
    assert.equal(await refusal({}), 'unauthenticated: a client certificate is needed');
  });

  it('is refused to a certificate of another CA', async () => {
    assert.equal(await refusal(await foreignCertificate()), "unauthenticated: the client certificate was not signed by this cluster's CA");
  });

  it('is refused to an expired certificate', async () => {
    const system = new SystemClock();
    const past = { ...system, now: () => system.now() - 2 * HOUR_MS, monotonic: () => 0, timer: system.timer };
    const expired = await manager.issue('admin', { at: past, lifeMs: HOUR_MS });
    assert.equal(await refusal(expired), 'unauthenticated: the client certificate has expired');
  });

  it('is refused to a node where people are asked', async () => {
    assert.equal(await refusal(await manager.issue('node')), "forbidden: a certificate with the role 'node' does not allow this");
  });

  it('is given to an administrator and to another manager', async () => {
    for (const role of ['admin', 'manager'] as const) {
      assert.equal((await manager.client(await manager.issue(role)).call('getInfo', {})).name, 'testing');
    }
  });

  it('is given to many connections of one client, resumed ones too', async () => {
    const client = manager.client();
    await client.call('getInfo', {});
    const answers = await Promise.all(Array.from({ length: 10 }, () => client.call('getInfo', {})));
    assert.deepEqual(new Set(answers.map(({ name }) => name)), new Set(['testing']));
  });

  it('lets nobody but a node open a session', async () => {
    const transport = manager.transport(manager.cluster.admin);
    const { status } = await transport.request({ method: 'GET', path: SESSION_PATH });
    assert.equal(status, 404, 'a session is a WebSocket and no route');
    const error = await manager
      .client()
      .call('renew', { body: { csr: 'x' } })
      .catch((thrown: unknown) => thrown);
    assert.ok(error instanceof ApiError);
    assert.equal(error.message, "a certificate with the role 'admin' does not allow this");
  });

  it('asks for no certificate where only its health is asked', async () => {
    const { status, body } = await manager.transport({}).request({ method: 'GET', path: '/healthz' });
    assert.equal(status, 200);
    assert.equal((body as { status: string }).status, 'ok');
  });
});
