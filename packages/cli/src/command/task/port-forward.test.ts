import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { ApiError } from '@tessera/api';
import { SystemClock } from '@tessera/kit/clock/system-clock';
import { socketPair } from '@tessera/kit/socket/memory-socket';
import { until } from '@tessera/kit/wait/until';
import type { OpenSocket } from '../../session.js';
import { aService } from '../../testing/builders.js';
import { FakeTransport } from '../../testing/fake-transport.js';
import { type CliRun, runCli, startCli } from '../../testing/run-cli.js';

const clock = new SystemClock();
const LIMIT_MS = 5_000;

/** Waits until the command listens. @returns the port that it printed */
async function portOf({ io }: CliRun): Promise<number> {
  const find = async (): Promise<string | undefined> => /forwarding 127\.0\.0\.1:(\d+) -> /.exec(io.out)?.[1];
  return Number(await until(find, { clock, what: 'the command to listen', limitMs: LIMIT_MS }));
}

function shop(): FakeTransport {
  return new FakeTransport().on('GET /v1/services/shop_web', { service: aService('shop_web'), progress: {} });
}

describe('tsctl port-forward', () => {
  it('carries connections to the port of the service', async () => {
    const paths: string[] = [];
    const openSocket: OpenSocket = async (_, path) => {
      paths.push(path);
      const { client, server } = socketPair({ clock, latencyMs: 0 });
      server.onBytes((bytes) => server.sendBytes(Buffer.from(bytes).reverse()));
      server.onMessage(() => {});
      return client;
    };
    const run = startCli('port-forward shop_web :80', shop(), { openSocket });
    const connection = connect(await portOf(run), '127.0.0.1');
    connection.write('abc');
    const [answer] = (await once(connection, 'data')) as [Buffer];
    assert.equal(answer.toString(), 'cba');
    assert.deepEqual(paths, ['/v1/forward/shop_web/80']);
    run.io.interrupt();
    assert.equal(await run.exit, 130);
    connection.destroy();
  });

  it('tells why a connection was refused, and goes on', async () => {
    const openSocket: OpenSocket = async () => {
      throw new ApiError('unavailable', "no task of 'shop_web' is running");
    };
    const run = startCli('port-forward shop_web :80', shop(), { openSocket });
    const connection = connect(await portOf(run), '127.0.0.1');
    connection.on('error', () => {});
    await once(connection, 'close');
    assert.match(run.io.err, /shop_web:80: no task of 'shop_web' is running/);
    run.io.interrupt();
    assert.equal(await run.exit, 130);
  });

  it('listens for nothing that there is not', async () => {
    const absent = new ApiError('not-found', 'no');
    const transport = new FakeTransport().on('GET /v1/services/nope', absent).on('GET /v1/tasks/nope', absent);
    const { code, out, err } = await runCli('port-forward nope 80', transport);
    assert.deepEqual([code, out], [4, '']);
    assert.match(err, /there is no service or task "nope"/);
  });

  for (const ports of ['0', '80:', 'a:80', '70000', '1:2:3'])
    it(`takes ${ports} for no ports`, async () => {
      const { code, err } = await runCli(`port-forward shop_web ${ports}`);
      assert.equal(code, 2);
      assert.match(err, /is no pair of ports\n {2}cure: write it as 8080:80, 80, or :80/);
    });
});
