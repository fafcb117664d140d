import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findIdentity, identityPath, loadIdentity, removeIdentity, saveIdentity } from './identity.js';
import { parseManagerUrl } from './join.js';

const FILE = { version: 1 as const, nodeId: 'n1', certificate: 'c', key: 'k', ca: 'a', managers: ['https://m1:4600'], renewAtMs: 5 };

describe('identity of a node', () => {
  let dataDir: string;

  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'tessera-identity-'));
  });

  afterEach(() => rm(dataDir, { recursive: true, force: true }));

  it('is what was saved, in one file for its owner only', async () => {
    await saveIdentity(dataDir, FILE);
    const identity = await loadIdentity(dataDir);
    assert.deepEqual([identity.nodeId, identity.key, identity.managers], ['n1', 'k', ['https://m1:4600']]);
    assert.equal((await stat(identityPath(dataDir))).mode & 0o777, 0o600);
    assert.deepEqual(await readdir(join(dataDir, 'agent')), ['identity.json']);
  });

  it('is renewed on disk and in memory', async () => {
    await saveIdentity(dataDir, FILE);
    const identity = await loadIdentity(dataDir);
    await identity.renew({ certificate: 'c2', key: 'k2', ca: 'a', renewAtMs: 9 });
    assert.deepEqual([identity.certificate, (await loadIdentity(dataDir)).key], ['c2', 'k2']);
  });

  it('says how to join when there is none, and what to do when it is damaged', async () => {
    await assert.rejects(loadIdentity(dataDir), /not part of a cluster: .*tessera-agent join --manager/);
    await saveIdentity(dataDir, FILE);
    await writeFile(identityPath(dataDir), '{"version":1}');
    await assert.rejects(loadIdentity(dataDir), /is not the file that `tessera-agent join` wrote/);
    await writeFile(identityPath(dataDir), '{');
    await assert.rejects(loadIdentity(dataDir), /is not JSON/);
    await removeIdentity(dataDir);
    assert.equal(await findIdentity(dataDir), undefined);
  });

  it('takes addresses of managers with and without scheme and port', () => {
    assert.equal(parseManagerUrl('m1').origin, 'https://m1:4600');
    assert.equal(parseManagerUrl('10.0.0.1:4700').origin, 'https://10.0.0.1:4700');
    assert.equal(parseManagerUrl('https://[fd00::1]:4600').origin, 'https://[fd00::1]:4600');
    assert.equal(parseManagerUrl('https://m1:443').origin, 'https://m1');
    assert.throws(() => parseManagerUrl('http://m1:4600'), /https:\/\/ only/);
    assert.throws(() => parseManagerUrl('https://:x'), /not an address such as/);
  });
});
