import assert from 'node:assert/strict';
import { ApiError } from '@tessera/api';
import { aProgress, aService, NOW } from '../../testing/builders.js';
import { FakeStream, FakeTransport } from '../../testing/fake-transport.js';
import { assertGolden, runCli } from '../../testing/run-cli.js';

const web = aService('shop_web');
const api = aService('shop_api');
const conflict = new ApiError('conflict', "service 'shop_api': no update is under way");
const missing = new ApiError('not-found', 'no service has the name or id');
const update = (ref: string): string => `POST /v1/services/${ref}/update`;
const PROGRESS = 'GET /v1/progress';

describe('tsctl update', () => {
  it('pauses the update of a service and does not wait', async () => {
    const transport = new FakeTransport().on('GET /v1/services/shop_web', { service: web }).on(update('shop_web'), web);
    const { code, err } = await runCli('update pause shop_web', transport);
    assert.equal(code, 0);
    assert.equal(err, '~ the update of shop_web pauses\n');
    assert.deepEqual(transport.bodies, [{ action: 'pause' }]);
  });

  it('resumes what is paused in a stack, leaves the rest alone, and waits', async () => {
    const transport = new FakeTransport()
      .on('GET /v1/services/shop', missing)
      .on('GET /v1/stacks/shop', { progress: [aProgress(web), aProgress(api)] })
      .on(update(web.id), web)
      .on(update(api.id), conflict)
      .on(PROGRESS, [aProgress(web), aProgress(api, { converged: false })])
      .on(`GET /v1/network-applied?service=${web.id}`, { behind: [], proxies: [] })
      .onStream('GET /v1/watch?kinds=services,tasks,nodes', new FakeStream());
    const { code, err } = await runCli('update resume shop', transport);
    assert.equal(code, 0);
    assert.match(err, /the update of shop_web goes on\n.*1 service converged/s);
  });

  it('ends with 1 when nothing of a stack can be aborted', async () => {
    const transport = new FakeTransport()
      .on('GET /v1/services/shop', missing)
      .on('GET /v1/stacks/shop', { progress: [aProgress(api)] })
      .on(update(api.id), conflict);
    const { code, err } = await runCli('update abort shop', transport);
    assert.equal(code, 1);
    assert.equal(err, "error: service 'shop_api': no update is under way\n");
  });

  it('ends with 4 when there is neither such a service nor such a stack', async () => {
    const transport = new FakeTransport().on('GET /v1/services/x', missing).on('GET /v1/stacks/x', missing);
    const { code, err } = await runCli('update promote x', transport);
    assert.equal(code, 4);
    assert.match(err, /there is no service or stack "x"/);
  });

  it('lists updates with their messages', async () => {
    const paused = { state: 'paused' as const, startedAt: NOW - 90_000, message: 'update paused: 1 of 3 slots failed (slot 1): exit 3' };
    const transport = new FakeTransport().on(PROGRESS, [aProgress(api), aProgress(web, { desired: 3, updated: 1, update: paused })]);
    const { out } = await runCli('update ls', transport);
    assertGolden('update-ls', out);
  });
});
