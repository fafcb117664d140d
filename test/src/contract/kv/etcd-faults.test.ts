import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SystemClock, SystemRandom, silentLog, sleep } from '@tessera/kit';
import { until } from '@tessera/kit/wait/until';
import { EtcdKv } from '@tessera/manager/adapters/kv/etcd/etcd-kv';
import { type Kv, KvError } from '@tessera/manager/ports/kv';
import { EtcdCluster, EtcdServer } from '../../support/etcd.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { keyOf, put, Recorder, remove, revisionOf, write } from './recorder.js';

const clock = new SystemClock();
const random = new SystemRandom();
const WRITERS = 16;

function open(hosts: readonly string[]): EtcdKv {
  return new EtcdKv({ hosts, clock, random, log: silentLog });
}

/** Waits until the store answers. */
async function settled(kv: Kv): Promise<void> {
  const answers = async (): Promise<boolean> => {
    try {
      await kv.get('x');
      return true;
    } catch {
      return false;
    }
  };
  await until(answers, { clock, what: 'etcd to answer', limitMs: 10_000 });
}

/** Writes keys of its own until `enough`, each with a new value, over all faults. */
class Writer {
  /** Revisions that were acknowledged. */
  readonly acknowledged: number[] = [];
  unknown = 0;
  #count = 0;

  constructor(
    readonly kv: Kv,
    readonly name: string,
  ) {}

  async run(enough: () => boolean): Promise<void> {
    while (!enough()) {
      try {
        this.acknowledged.push(await write(this.kv, `w/${this.name}`, String(this.#count++)));
      } catch (error) {
        assert.ok(error instanceof KvError && ['unavailable', 'unknown'].includes(error.code), String(error));
        if (error.code === 'unknown') this.unknown++;
        await sleep(clock, 10);
      }
    }
  }
}

/** Waits until the watch has seen so many events more. */
type Progress = (events: number) => Promise<unknown>;

/** Runs writers and `faults` together; then every acknowledged write must have been seen once, in order. */
async function checkNothingMissed(kv: Kv, writerKv: Kv, faults: (progress: Progress) => Promise<void>): Promise<void> {
  const from = (await kv.range('', { limit: 1 })).revision + 1;
  const recorder = new Recorder(kv, 'w/', from);
  let over = false;
  const writers = Array.from({ length: WRITERS }, (_, name) => new Writer(writerKv, String(name)));
  const writing = Promise.all(writers.map((writer) => writer.run(() => over)));
  const progress: Progress = (events) => {
    const target = recorder.events.length + events;
    return until(() => recorder.events.length >= target, { clock, what: `${events} events more`, limitMs: 15_000, intervalMs: 1 });
  };
  await faults(progress).finally(() => {
    over = true;
  });
  await writing;
  await settled(kv);
  const last = await write(kv, 'w/last', 'x');
  await until(() => recorder.events.some((event) => keyOf(event) === 'w/last'), { clock, what: 'the last event', limitMs: 10_000 });
  const seen = recorder.events.map(revisionOf);
  const acknowledged = writers.flatMap((writer) => writer.acknowledged);
  const seenSet = new Set(seen);
  assert.deepEqual(
    acknowledged.filter((revision) => !seenSet.has(revision)),
    [],
    'acknowledged writes that the watch missed',
  );
  // Nobody else writes, so what the watch saw is every revision there was, unknown outcomes included.
  assert.deepEqual(
    seen,
    Array.from({ length: last - from + 1 }, (_, index) => from + index),
  );
  recorder.cancel();
}

describe('EtcdKv over faults', function () {
  this.timeout(30_000);

  describe('of a single server', () => {
    let server: EtcdServer;
    let proxy: TcpProxy;
    let kv: EtcdKv;
    beforeEach(async () => {
      server = await EtcdServer.start();
      proxy = await TcpProxy.start(server.port);
      kv = open([proxy.host]);
    });
    afterEach(async () => {
      await kv.close();
      await proxy.stop();
      await server.stop();
    });

    it('misses nothing when the server is killed and started again and again', async () => {
      const direct = open([server.host]);
      await checkNothingMissed(direct, direct, async (progress) => {
        for (let round = 0; round < 5; round++) {
          await progress(300);
          await server.kill9();
          await server.restart();
          await settled(direct);
        }
      }).finally(() => direct.close());
    });

    it('misses nothing when its line is cut again and again', async () => {
      const direct = open([server.host]);
      await checkNothingMissed(kv, direct, async (progress) => {
        for (let round = 0; round < 40; round++) {
          await progress(20 + 10 * (round % 10));
          proxy.cut();
        }
      }).finally(() => direct.close());
    });

    it('reports a swap whose reply is lost as unknown, and does not apply it twice', async () => {
      const revision = await write(kv, 'a', 'old');
      proxy.loseReplies();
      const swap = kv.txn({ compares: [{ key: 'a', modRevision: revision }], ops: [put('a', 'new')] });
      const direct = open([server.host]);
      await until(async () => (await direct.get('a'))?.value === 'new', { clock, what: 'the swap', limitMs: 2_000 });
      proxy.cut();
      await assert.rejects(swap, { name: 'KvError', code: 'unknown' });
      proxy.mend();
      await settled(kv);
      const entry = await kv.get('a');
      assert.deepEqual([entry?.value, entry?.version, entry?.modRevision], ['new', 2, revision + 1]);
      await direct.close();
    });

    it('reports a write as unavailable when nothing could be sent', async () => {
      await write(kv, 'a', 'old');
      proxy.block();
      await until(() => isUnavailable(kv), { clock, what: 'the first call that is not sent', limitMs: 5_000 });
      await assert.rejects(write(kv, 'a', 'new'), { name: 'KvError', code: 'unavailable' });
      proxy.mend();
      await settled(kv);
      assert.equal((await kv.get('a'))?.version, 1);
    });

    it('answers within its deadline when the server is frozen, and goes on after it', async () => {
      await write(kv, 'a', 'old');
      const startedMs = clock.monotonic();
      await server.freeze();
      await assert.rejects(write(kv, 'a', 'new'), { name: 'KvError', code: 'unknown' });
      await assert.rejects(kv.get('a'), { name: 'KvError', code: 'unavailable' });
      assert.ok(clock.monotonic() - startedMs < 7_000);
      server.thaw();
      await settled(kv);
      // The server may have read the request before its cancellation or not: both are what "unknown" says.
      const entry = await kv.get('a');
      assert.ok(['old 1', 'new 2'].includes(`${entry?.value} ${entry?.version}`), JSON.stringify(entry));
    });

    it('keeps its memory bounded while many megabytes pass through a watch', async () => {
      const value = 'v'.repeat(10_000);
      const from = (await kv.range('', { limit: 1 })).revision + 1;
      let seen = 0;
      const watch = kv.watch('', { fromRevision: from, onEvents: (events) => void (seen += events.length), onEnd: () => assert.fail() });
      const burst = async (txns: number): Promise<void> => {
        const target = seen + 100 * txns;
        for (let count = 0; count < txns; count++) {
          await kv.txn({ compares: [], ops: Array.from({ length: 100 }, (_, index) => put(`k${index}`, value)) });
        }
        await until(() => seen === target, { clock, what: 'all events', limitMs: 10_000 });
      };
      await burst(20);
      const before = heldBytes();
      await burst(100);
      // Buffers are given back some time after the collection that found them unused.
      const isReleased = (): boolean => heldBytes() - before < 10_000_000;
      await until(isReleased, { clock, what: 'the 100 MB that went through the watch to be released', limitMs: 5_000, intervalMs: 100 });
      watch.cancel();
    });
  });

  describe('of a cluster of three', () => {
    let cluster: EtcdCluster;
    let kv: EtcdKv;
    beforeEach(async () => {
      cluster = await EtcdCluster.start(3);
      kv = open(cluster.hosts);
    });
    afterEach(async () => {
      await kv.close();
      await cluster.stop();
    });

    it('goes on with any one member down, and misses nothing', async () => {
      await checkNothingMissed(kv, kv, async (progress) => {
        for (const member of cluster.members) {
          await member.kill9();
          await settled(kv);
          await progress(200);
          await member.restart();
        }
      });
    });

    it('keeps a lease alive while members fail one after the other', async () => {
      const lease = await kv.grantLease(3_000);
      let lost = false;
      void lease.lost.then(() => {
        lost = true;
      });
      await write(kv, 'a', 'held', lease.id);
      for (const member of cluster.members) {
        await member.kill9();
        await settled(kv);
        await sleep(clock, 500);
        await member.restart();
      }
      assert.equal(lost, false);
      assert.equal((await kv.get('a'))?.leaseId, lease.id);
      await lease.revoke();
      assert.equal(await kv.get('a'), undefined);
    });

    it('leaves a frozen member for another', async () => {
      const revision = await write(kv, 'a', 'old');
      const recorder = new Recorder(kv, '', revision);
      await until(() => recorder.events.length === 1, { clock, what: 'the first event', limitMs: 3_000 });
      await cluster.members[0]?.freeze();
      await settled(kv);
      await until(async () => (await attempt(kv)) === 'written', { clock, what: 'a write', limitMs: 10_000 });
      await remove(kv, 'a');
      await until(() => recorder.texts.at(-1) === 'delete a', { clock, what: 'the delete', limitMs: 12_000 });
      cluster.members[0]?.thaw();
    });
  });
});

/** Memory that is still in use after garbage was collected. */
function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function isUnavailable(kv: Kv): Promise<boolean> {
  return kv.get('a').then(
    () => false,
    (error: unknown) => error instanceof KvError && error.code === 'unavailable',
  );
}

async function attempt(kv: Kv): Promise<string> {
  return write(kv, 'a', 'new').then(
    () => 'written',
    () => 'failed',
  );
}
