import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ownPrograms, programTree } from './own-programs.js';

describe('the programs that a full host sees by default', () => {
  it('are this Node and the whole checkout', () => {
    const [node, tree = ''] = ownPrograms();
    assert.equal(node, process.execPath);
    assert.ok(existsSync(join(tree, 'node_modules')));
    assert.ok(existsSync(join(tree, 'packages/bed/package.json')));
  });

  it('are the outermost node_modules of an installation', () => {
    const file = '/usr/lib/node_modules/tessera/node_modules/@tessera/bed/dist/bed/own-programs.js';
    assert.equal(programTree(file), '/usr/lib/node_modules');
  });
});
