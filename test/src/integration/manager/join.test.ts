import assert from 'node:assert/strict';
import { ApiError } from '@tessera/api';
import { makeSigningRequest, subjectOfPem } from '@tessera/kit/pki/index';
import { TestManager } from './test-manager.js';

describe('Joining a cluster', () => {
  let manager: TestManager;
  before(async () => {
    manager = await TestManager.start();
  });
  after(() => manager.remove());

  const join = async (token: string, hostname = 'host-a') => {
    const { csr, key } = await makeSigningRequest();
    return { key, ...(await manager.client({}).call('join', { body: { token, csr, hostname } })) };
  };
  const refusal = async (token: string): Promise<string> => {
    const error = await join(token).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof ApiError);
    return `${error.code}: ${error.message}`;
  };

  it('gives a certificate for a node of its own', async () => {
    const { nodeId, certificate, ca } = await join(manager.cluster.workerToken, 'worker-1');
    assert.deepEqual(subjectOfPem(certificate), { id: nodeId, clusterId: manager.cluster.clusterId, role: 'node' });
    assert.equal(ca, manager.cluster.admin.ca);
    const node = await manager.client().call('getNode', { params: { ref: 'worker-1' } });
    assert.equal(node.id, nodeId);
    assert.equal(node.spec.role, 'worker');
  });

  it('gives the second host of a name a name of its own', async () => {
    await join(manager.cluster.workerToken, 'twin');
    const { nodeId } = await join(manager.cluster.managerToken, 'twin');
    const node = await manager.client().call('getNode', { params: { ref: nodeId } });
    assert.deepEqual([node.name, node.spec.role], ['twin-2', 'manager']);
  });

  it('renews the certificate of a node that is still a member', async () => {
    const { nodeId, certificate, key } = await join(manager.cluster.workerToken, 'renewing');
    const client = manager.client({ certificate, key });
    const { csr } = await makeSigningRequest(key);
    assert.equal(subjectOfPem((await client.call('renew', { body: { csr } })).certificate).id, nodeId);
    await manager.client().call('removeNode', { params: { ref: nodeId }, query: { force: true } });
    await assert.rejects(client.call('renew', { body: { csr } }), { code: 'forbidden', message: 'this node was removed from the cluster' });
  });

  it('says what is wrong with a token', async () => {
    const token = manager.cluster.workerToken;
    const [, , , hash, secret] = token.split('-');
    const cases: [string, string][] = [
      ['hello', "this is not a join token: it does not begin with 'TSJ-'"],
      [`TSJ-2-w-${hash}-${secret}`, "the join token has version '2', and only version 1 is known here"],
      [`TSJ-1-w-${hash}`, 'the join token has 4 parts instead of 5: was it cut when it was copied?'],
      [`TSJ-1-x-${hash}-${secret}`, "the third part of the join token is neither 'w' (worker) nor 'm' (manager)"],
      [token.slice(0, -1), 'the last part of the join token is not 32 hexadecimal digits: was it cut when it was copied?'],
      [`TSJ-1-w-${'0'.repeat(64)}-${secret}`, 'the join token is for another cluster'],
      [`TSJ-1-w-${hash}-${'0'.repeat(32)}`, 'the join token for a worker is not valid: it was rotated'],
      [token.replace('-w-', '-m-'), 'the join token for a manager is not valid: it was rotated'],
    ];
    for (const [wrong, message] of cases) {
      const said = await refusal(wrong);
      assert.ok(said.startsWith(`invalid-token: ${message}`), said);
    }
  });

  it('takes no old token after a rotation', async () => {
    const { token } = await manager.client().call('rotateToken', { params: { role: 'manager' } });
    assert.equal(await refusal(manager.cluster.managerToken), 'invalid-token: the join token for a manager is not valid: it was rotated');
    assert.ok((await join(token, 'after-rotation')).nodeId);
  });

  it('refuses a signing request that does not hold', async () => {
    const body = { token: manager.cluster.workerToken, csr: 'nonsense', hostname: 'x' };
    await assert.rejects(manager.client({}).call('join', { body }), {
      code: 'invalid-request',
      message: 'the signing request is not a PKCS #10 request in PEM',
    });
  });
});
