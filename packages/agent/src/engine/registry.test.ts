import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentialsFor, nameAndTag, registryOf } from './registry.js';

describe('image references', () => {
  const cases: [string, string, string, string][] = [
    ['nginx', 'docker.io', 'nginx', 'latest'],
    ['library/nginx:1', 'docker.io', 'library/nginx', '1'],
    ['reg:5000/a/b', 'reg:5000', 'reg:5000/a/b', 'latest'],
    ['localhost/x:2', 'localhost', 'localhost/x', '2'],
    ['ghcr.io/a/b:1@sha256:00', 'ghcr.io', 'ghcr.io/a/b', 'sha256:00'],
  ];
  for (const [reference, registry, name, tag] of cases) {
    it(`are taken apart: ${reference}`, () => {
      assert.equal(registryOf(reference), registry);
      assert.deepEqual(nameAndTag(reference), { name, tag });
    });
  }
});

describe('registry credentials', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'docker-config-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("come from Docker's config file, also with a colon in the password", async () => {
    const file = join(folder, 'config.json');
    const auth = Buffer.from('ann:pa:ss').toString('base64');
    await writeFile(file, JSON.stringify({ auths: { 'reg:5000': { auth }, 'https://index.docker.io/v1/': { auth } } }));
    assert.deepEqual(await credentialsFor('reg:5000', file), { username: 'ann', password: 'pa:ss', serveraddress: 'reg:5000' });
    assert.equal((await credentialsFor('docker.io', file))?.serveraddress, 'https://index.docker.io/v1/');
    assert.equal(await credentialsFor('other', file), undefined);
  });

  it('are none without the file, and name a broken one', async () => {
    assert.equal(await credentialsFor('reg', join(folder, 'none.json')), undefined);
    await writeFile(join(folder, 'bad.json'), '{');
    await assert.rejects(credentialsFor('reg', join(folder, 'bad.json')), /bad\.json/);
  });
});
