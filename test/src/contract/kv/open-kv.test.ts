import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SeededRandom, SystemClock, silentLog } from '@tessera/kit';
import { EmbeddedKv } from '@tessera/manager/adapters/kv/embedded/embedded-kv';
import { EtcdKv } from '@tessera/manager/adapters/kv/etcd/etcd-kv';
import { MemoryKv } from '@tessera/manager/adapters/kv/memory/memory-kv';
import { openKv } from '@tessera/manager/adapters/kv/open';
import type { Kv } from '@tessera/manager/ports/kv';

const options = { clock: new SystemClock(), log: silentLog, random: new SeededRandom(1) };

describe('openKv', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tessera-kv-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const opened: [string, () => string, new (...parameters: never[]) => Kv][] = [
    ['memory:', () => 'memory:', MemoryKv],
    ['embedded: with a directory', () => `embedded:${directory}/deep/store`, EmbeddedKv],
    ['etcd: with one host', () => 'etcd://127.0.0.1:2379', EtcdKv],
    ['etcd: with hosts of every kind', () => 'etcd://a.example,b-2:2380,[::1]:2379,[::2]/', EtcdKv],
    ['etcds: with the system roots', () => 'etcds://a.example', EtcdKv],
  ];
  for (const [what, url, adapter] of opened) {
    it(`opens ${what}`, async () => {
      const kv = await openKv(url(), options);
      assert.ok(kv instanceof adapter);
      await kv.close();
    });
  }

  const refused: [string, RegExp][] = [
    ['', /none of the known forms/],
    ['/var/lib/tessera', /none of the known forms/],
    ['consul://a', /none of the known forms/],
    ['memory:x', /none of the known forms/],
    ['embedded:relative', /absolute path/],
    ['embedded:', /absolute path/],
    ['etcd:a:2379', /two slashes/],
    ['etcd://', /"" is not a host/],
    ['etcd://a:2379,,b', /"" is not a host/],
    ['etcd://a b', /"a b" is not a host/],
    ['etcd://a:123456', /"a:123456" is not a host/],
    ['etcd://a?ca=/x', /belong to etcds/],
    ['etcds://a?cert=/x', /file of cert cannot be read/],
    ['etcds://a?ca=/missing/ca.crt', /file of ca cannot be read: ENOENT/],
    ['etcds://a?crt=/x', /"crt" is not a parameter/],
  ];
  for (const [url, reason] of refused) {
    it(`refuses ${JSON.stringify(url)} and names the valid forms`, async () => {
      await assert.rejects(openKv(url, options), (error: Error) => {
        assert.match(error.message, reason);
        assert.ok(error.message.includes(JSON.stringify(url)));
        assert.match(error.message, /embedded:\/var\/lib\/tessera, etcd:\/\/host:2379,host2:2379, etcds:\/\/.*memory:/);
        return true;
      });
    });
  }
});
