import { SystemClock, SystemRandom, silentLog, sleep } from '@tessera/kit';
import { until } from '@tessera/kit/wait/until';
import { EtcdKv } from '@tessera/manager/adapters/kv/etcd/etcd-kv';
import type { Kv } from '@tessera/manager/ports/kv';
import { EtcdServer } from '../../support/etcd.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import type { KvHarness } from './harness.js';
import { kvContract } from './kv-contract.js';

const clock = new SystemClock();
const random = new SystemRandom();

let server: EtcdServer;
let namespaces = 0;

/** All tests share one server; each has keys and a line of its own. */
class EtcdHarness implements KvHarness {
  readonly #namespace = `/test${namespaces++}/`;
  #proxy: TcpProxy | undefined;
  #kv: EtcdKv | undefined;

  async open(): Promise<Kv> {
    this.#proxy ??= await TcpProxy.start(server.port);
    this.#kv = new EtcdKv({ hosts: [this.#proxy.host], namespace: this.#namespace, clock, random, log: silentLog });
    return this.#kv;
  }

  async reopen(kv: Kv): Promise<Kv> {
    await kv.close();
    return this.open();
  }

  async until(condition: () => boolean | Promise<boolean>, what: string, limitMs = 5_000): Promise<void> {
    await until(condition, { clock, what, limitMs, intervalMs: 5 });
  }

  pass(durationMs: number): Promise<void> {
    return sleep(clock, durationMs);
  }

  cut = (): void => this.#proxy?.block();
  mend = (): void => this.#proxy?.mend();

  async dispose(): Promise<void> {
    await this.#kv?.close();
    await this.#proxy?.stop();
  }
}

describe('a real etcd', () => {
  before(async function () {
    this.timeout(15_000);
    server = await EtcdServer.start();
  });
  after(() => server.stop());

  kvContract('EtcdKv', () => new EtcdHarness(), { hasLine: true });
});
