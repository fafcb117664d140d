import assert from 'node:assert/strict';
import { ApiError, type FileSpec } from '@tessera/api';
import { NOW } from '../../testing/builders.js';
import { FakeTransport } from '../../testing/fake-transport.js';
import { runCli } from '../../testing/run-cli.js';

const file = {
  id: 'f1',
  revision: 3,
  createdAt: NOW - 60_000,
  updatedAt: NOW,
  spec: { name: 'password', labels: {}, data: '' },
  hash: 'abcdef0123456789',
};

describe('tsctl secret and config', () => {
  it('take content from standard input', async () => {
    const transport = new FakeTransport().on('POST /v1/secrets', file);
    const { code, out } = await runCli('secret create --label team=a password', transport, { stdin: 'hunter2' });
    assert.equal(code, 0);
    assert.equal(out, 'f1\n');
    const sent = transport.bodies[0] as FileSpec;
    assert.deepEqual(sent, { name: 'password', labels: { team: 'a' }, data: Buffer.from('hunter2').toString('base64') });
  });

  it('take content from a file', async () => {
    const transport = new FakeTransport().on('POST /v1/configs', file);
    await runCli('config create site /work/site.conf', transport, { files: { '/work/site.conf': 'x = 1' } });
    assert.equal((transport.bodies[0] as FileSpec).data, Buffer.from('x = 1').toString('base64'));
  });

  it('send nothing when the content is missing or too large', async () => {
    const transport = new FakeTransport();
    assert.equal((await runCli('secret create password nowhere.txt', transport)).code, 2);
    assert.equal((await runCli('secret create password', transport, { stdinIsTerminal: true })).code, 2);
    assert.equal((await runCli('secret create password', transport, { stdin: 'x'.repeat(500 * 1024 + 1) })).code, 2);
    assert.deepEqual(transport.requests, []);
  });

  it('list without content', async () => {
    const withData = { ...file, spec: { ...file.spec, data: 'aGk=' } };
    const transport = new FakeTransport().on('GET /v1/configs', [withData]);
    assert.equal(
      (await runCli('config ls', transport)).out,
      'NAME       STACK   HASH           CREATED\npassword   -       abcdef012345   1m ago\n',
    );
    assert.ok(!(await runCli('config ls -o json', transport)).out.includes('aGk='));
  });

  it('pass on that something is in use', async () => {
    const inUse = new ApiError('in-use', 'shop_web uses the secret password');
    assert.equal((await runCli('secret rm password', new FakeTransport().on('DELETE /v1/secrets/password', inUse))).code, 1);
  });
});
