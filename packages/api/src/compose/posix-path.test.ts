import assert from 'node:assert/strict';
import { posix } from 'node:path';
import fc from 'fast-check';
import { basename, dirname, normalize, resolve } from './posix-path.js';

const paths = fc.array(fc.constantFrom('/', '.', '..', 'a', 'b.c', ''), { maxLength: 8 }).map((parts) => parts.join('/'));
const withoutEndSlash = (path: string) => (path.length > 1 ? path.replace(/\/$/, '') : path);

describe('A path', () => {
  it('is normalised as by node:path', () => {
    fc.assert(fc.property(paths, (path) => assert.equal(normalize(path), withoutEndSlash(posix.normalize(path)))));
  });

  it('is resolved as by node:path', () => {
    fc.assert(fc.property(paths, paths, (base, path) => assert.equal(resolve(`/${base}`, path), posix.resolve(`/${base}`, path))));
  });

  it('has the folder and the name that node:path gives a normalised one', () => {
    fc.assert(
      fc.property(paths, (path) => {
        const normal = normalize(`/${path}`);
        assert.equal(dirname(normal), posix.dirname(normal));
        assert.equal(basename(normal), posix.basename(normal));
      }),
    );
  });
});
