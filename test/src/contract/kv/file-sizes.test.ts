import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentId, MAX_CONFIG_BYTES, MAX_SECRET_BYTES } from '@tessera/api';
import { SystemClock, SystemRandom, silentLog } from '@tessera/kit';
import { openKv } from '@tessera/manager/adapters/kv/open';
import type { Kv } from '@tessera/manager/ports/kv';
import { KvClusterStore } from '@tessera/manager/state/cluster-store';
import { aesSealer } from '@tessera/manager/state/seal';
import { type FileKind, makeFile } from '@tessera/manager/use-case/files';
import { EtcdServer } from '../../support/etcd.js';

const environment = { clock: new SystemClock(), random: new SystemRandom(), log: silentLog };
const sealer = aesSealer('ab'.repeat(32), environment.random);
const SIZES: Record<FileKind, number> = { configs: MAX_CONFIG_BYTES, secrets: MAX_SECRET_BYTES };
const LABELS = Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`label-${index}`, 'x'.repeat(200)]));

function largestFiles(open: () => Promise<Kv>): void {
  for (const kind of ['configs', 'secrets'] as const) {
    it(`holds ${kind} of ${SIZES[kind]} bytes, the most that the API takes`, async () => {
      const kv = await open();
      try {
        const data = Buffer.alloc(SIZES[kind], 'any content').toString('base64');
        const id = `largest${kind}`;
        const store = await KvClusterStore.open({ kv, ...environment, sealer });
        const making = { now: 1, newId: () => id, fingerprint: sealer.fingerprint };
        const { file, content } = makeFile(store.view, kind, { name: id, labels: LABELS, data }, undefined, making);
        assert.equal((await store.commit(content)).outcome, 'committed');
        assert.equal((await store.commit([{ type: 'put', kind, object: file, expect: 'absent' }])).outcome, 'committed');
        await store.close();
        const other = await KvClusterStore.open({ kv, ...environment, sealer });
        assert.equal(other.view.get('contents', contentId(kind, file.hash))?.data, data);
        await other.close();
      } finally {
        await kv.close();
      }
    });
  }
}

describe('The largest files', () => {
  describe('in the embedded store', () => {
    let directory: string;
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), 'tessera-files-'));
    });
    after(() => rm(directory, { recursive: true, force: true }));
    largestFiles(() => openKv(`embedded:${directory}`, environment));
  });

  describe('in a real etcd', () => {
    let server: EtcdServer;
    before(async function () {
      this.timeout(15_000);
      server = await EtcdServer.start();
    });
    after(() => server.stop());
    largestFiles(() => openKv(`etcd://127.0.0.1:${server.port}`, environment));
  });
});
