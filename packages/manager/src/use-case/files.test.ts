import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { Config } from '@tessera/api';
import { SeededRandom } from '@tessera/kit';
import { IndexedView } from '../model/view.js';
import { aesSealer } from '../state/seal.js';
import { type FileKind, makeFile } from './files.js';

const KEY = 'ab'.repeat(32);
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function make(kind: FileKind, content: string, { before, key = KEY }: { before?: Config; key?: string } = {}): Config {
  const { fingerprint } = aesSealer(key, new SeededRandom(1));
  const spec = { name: 'pin', labels: {}, data: Buffer.from(content).toString('base64') };
  return makeFile(new IndexedView(), kind, spec, before, { now: 1, newId: () => 'new', fingerprint }).file;
}

describe('what is told of the content of a file', () => {
  it('is the sha256 of a config, which anybody may read', () => assert.equal(make('configs', '1234').hash, sha256('1234')));

  it('is the same for the same secret of a cluster, and says nothing to those who guess', () => {
    const { hash } = make('secrets', '1234');
    assert.equal(make('secrets', '1234').hash, hash);
    assert.match(hash, /^[0-9a-f]{64}$/);
    const others = [sha256('1234'), make('secrets', '1235').hash, make('secrets', '1234', { key: 'cd'.repeat(32) }).hash];
    assert.equal(others.includes(hash), false);
  });

  it('changes with the secret, and not by itself for one that has its sha256 still', () => {
    const before = { ...make('secrets', '1234'), hash: sha256('1234') };
    assert.equal(make('secrets', '1234', { before }), before);
    assert.equal(make('secrets', '1235', { before }).hash, make('secrets', '1235').hash);
  });
});
