import assert from 'node:assert/strict';
import type { RebalanceResult } from '@tessera/api';
import { aService, aTask } from '../testing/builders.js';
import { FakeStream, FakeTransport } from '../testing/fake-transport.js';
import { assertGolden, passTimeUntil, runCli, startCli } from '../testing/run-cli.js';

const web = aService('shop_web');
const ROUTE = 'POST /v1/rebalance';
const moving = aTask(web, 3, 'running');
const result: RebalanceResult = {
  moves: [{ taskId: moving.id, service: 'shop_web', slot: 3, from: 'node1', to: 'node3' }],
  skipped: [{ service: 'shop_db', reason: 'an update is under way' }],
};

describe('tsctl rebalance', () => {
  it('says what would move with --dry-run, and moves nothing', async () => {
    const transport = new FakeTransport().on(ROUTE, result);
    const { code, out, err } = await runCli('rebalance --dry-run', transport);
    assert.equal(code, 0);
    assertGolden('rebalance', out);
    assert.match(err, /shop_db stays as it is: an update is under way/);
    assert.deepEqual(transport.bodies, [{ max: 10, dryRun: true }]);
  });

  it('waits until the tasks that move have ended where they were', async () => {
    const stream = new FakeStream();
    const transport = new FakeTransport()
      .on(ROUTE, { ...result, skipped: [] })
      .on('GET /v1/tasks?all=true', [moving], [{ ...moving, status: { ...moving.status, state: 'shutdown' } }])
      .onStream('GET /v1/watch?kinds=tasks', stream);
    const run = startCli('rebalance --max 3 shop_web', transport);
    await passTimeUntil(run, () => run.io.err.includes('1 task left'), 'the first look');
    stream.push({ type: 'tick', revision: 1 });
    await passTimeUntil(run, () => run.io.err.includes('1 task moved'), 'the move to end');
    assert.equal(await run.exit, 0);
    assert.deepEqual(transport.bodies, [{ max: 3, dryRun: false, service: 'shop_web' }]);
  });

  it('ends with 1 when the one service that is named cannot be rebalanced, and with 0 when there is nothing to do', async () => {
    const refused = new FakeTransport().on(ROUTE, { moves: [], skipped: result.skipped });
    assert.equal((await runCli('rebalance shop_db', refused)).code, 1);
    const idle = new FakeTransport().on(ROUTE, { moves: [], skipped: [] });
    const { code, err } = await runCli('rebalance', idle);
    assert.equal(code, 0);
    assert.match(err, /nothing to move: the spread is as even as it can be/);
  });
});
