import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { asked, EventStream, grpcCall, type Target, upgraded } from '../../support/streams.js';
import { eventually, type TestCluster } from '../../support/test-cluster.js';

const LIMIT_MS = 30_000;
const UPLOAD_MEGABYTES = 100;
const TWO = '{ replicas: 2, update_config: { order: start-first, monitor: 500ms } }';

/** What takes long, or is not one question and one answer, through the proxies while services are updated. */
export function describeHttpStreams(cluster: () => TestCluster, images: () => { answers: string[]; caddy: string }): void {
  describe('long requests and connections through HTTP proxies', () => {
    before(async () => {
      await cluster().tsctl.succeed(['http', 'enable', '--image', images().caddy, '--replicas', '2', '--timeout', '180s']);
      await deploy('v1', 'v1');
    });

    const target = (host: string, path: string, node = 0): Target => ({ ip: cluster().host(node).ip, host, path });

    /** `live` has clients that stay, `other` is updated beside it. */
    async function deploy(live: 'v1' | 'v2', other: 'v1' | 'v2'): Promise<void> {
      const image = (version: 'v1' | 'v2'): string => images().answers[version === 'v1' ? 0 : 1] ?? '';
      const compose = `services:
  live: { image: ${image(live)}, stop_grace_period: 10s, x-drain: 1s, x-http: { host: live.test, tls: off }, deploy: ${TWO} }
  other: { image: ${image(other)}, stop_grace_period: 1s, x-http: { host: other.test, tls: off }, deploy: ${TWO} }
  grpc:
    image: ${images().caddy}
    command: [caddy, run, --config, /upstream.json]
    stop_grace_period: 2s
    configs: [{ source: upstream, target: /upstream.json }]
    x-http: { host: grpc.test, port: 50051, protocol: h2c, tls: off }
    deploy: { replicas: 2 }
configs: { upstream: { content: '${JSON.stringify(GRPC_SERVER)}' } }
`;
      await writeFile(join(cluster().tsctl.folder, 'streams.yml'), compose);
      await cluster().tsctl.succeed(['deploy', '-f', 'streams.yml', 'streams', '--timeout', '180s']);
    }

    it('keeps WebSockets and event streams of a service while another one is updated and scaled', async () => {
      const socket = await upgraded(target('live.test', '/socket'));
      const lines: string[] = [];
      let closed = false;
      socket.setEncoding('utf8').on('data', (text: string) => void lines.push(...text.trim().split('\n')));
      socket.on('close', () => void (closed = true)).on('error', () => {});
      const stream = new EventStream(target('live.test', '/events', 1));
      socket.write('1\n');
      await eventually(async () => lines.length === 1 && stream.events > 1, 'a line and events', LIMIT_MS);
      await deploy('v1', 'v2');
      await cluster().tsctl.succeed(['service', 'scale', 'streams_other=3', '--timeout', '180s']);
      const before = stream.events;
      socket.write('2\n');
      await eventually(async () => lines.length === 2 && stream.events > before, 'one more of each', LIMIT_MS);
      assert.deepEqual([closed, stream.ended, lines.map((line) => line.split(' ')[0])], [false, undefined, ['1', '2']]);
      stream.end();
      socket.destroy();
    });

    it('lets slow answers and a large upload come to their end while their own service is updated', async () => {
      const under = [
        ...Array.from({ length: 6 }, (_, at) => asked(target('live.test', '/slow', at % 3))),
        asked(target('live.test', '/upload'), UPLOAD_MEGABYTES),
      ];
      const results = Promise.all(under);
      await deploy('v2', 'v2');
      for (const [at, result] of (await results).entries()) {
        assert.match(result, /^200 v\d \S+ \S+ for \S+ \/(slow|upload)/, `request ${at}`);
        if (at === under.length - 1) assert.match(result, new RegExp(` ${UPLOAD_MEGABYTES * 1024 * 1024} bytes$`));
      }
      assert.match(await asked(target('live.test', '/')), /^200 v2 /);
    });

    it('speaks HTTP/2 with services that say so, as gRPC needs it', async () => {
      for (const node of [0, 1, 2])
        assert.equal(await grpcCall(target('grpc.test', '/pkg.Service/Method', node)), '200 HTTP/2.0 /pkg.Service/Method 0');
      await cluster().tsctl.succeed(['rm', 'streams']);
    });
  });
}

/** Says which protocol it is asked by, with the trailer of a call that went well: Caddy's JSON. */
const GRPC_SERVER = {
  admin: { disabled: true },
  apps: {
    http: {
      servers: {
        grpc: {
          listen: [':50051'],
          protocols: ['h1', 'h2c'],
          automatic_https: { disable: true },
          routes: [
            {
              handle: [
                {
                  handler: 'static_response',
                  headers: { 'Content-Type': ['application/grpc'], 'Trailer:Grpc-Status': ['0'] },
                  body: '{http.request.proto} {http.request.uri.path}',
                },
              ],
            },
          ],
        },
      },
    },
  },
};
