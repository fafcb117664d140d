import assert from 'node:assert/strict';
import { ApiError } from '@tessera/api';
import { aNode, aService } from '../testing/builders.js';
import { FakeTransport } from '../testing/fake-transport.js';
import { runCli } from '../testing/run-cli.js';

const absent = new ApiError('not-found', 'no');

/** Managers that know nothing by this name. */
function nothing(name: string): FakeTransport {
  const transport = new FakeTransport().on('GET /v1/configs', []).on('GET /v1/secrets', []);
  for (const kind of ['stacks', 'services', 'tasks', 'nodes', 'networks']) transport.on(`GET /v1/${kind}/${name}`, absent);
  return transport;
}

describe('tsctl inspect', () => {
  it('finds an object of any kind', async () => {
    const node = aNode('web');
    const { code, out } = await runCli('inspect web', nothing('web').on('GET /v1/nodes/web', node));
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(out), [node]);
  });

  it('asks which when several have the name, and takes --type for an answer', async () => {
    const service = { service: aService('web'), progress: {} };
    const transport = nothing('web').on('GET /v1/nodes/web', aNode('web')).on('GET /v1/services/web', service);
    const { code, err } = await runCli('inspect web', transport);
    assert.equal(code, 2);
    assert.match(err, /several objects: service, node/);
    assert.deepEqual(JSON.parse((await runCli('inspect --type service web', transport)).out), [service]);
  });

  it('ends with 4 when there is none', async () => {
    assert.equal((await runCli('inspect web', nothing('web'))).code, 4);
  });
});
