import assert from 'node:assert/strict';
import { recipeHash, recipeOf } from './recipe.js';

describe('the recipe of the Debian tree', () => {
  it('has one name, wherever the packages come from', () => {
    for (const kind of ['full', 'vm'] as const)
      assert.equal(recipeHash(recipeOf(kind, {})), recipeHash(recipeOf(kind, { TESSERA_DEV_MIRROR: 'http://mirror.example/debian' })));
  });

  it('has another name once anything in it changes', () => {
    const recipe = recipeOf('full', {});
    const others = [
      { ...recipe, packages: [...recipe.packages, 'strace'] },
      { ...recipe, files: { ...recipe.files, 'etc/motd': 'hello\n' } },
      { ...recipe, links: {} },
      recipeOf('vm', {}),
    ];
    const names = new Set([recipe, ...others].map(recipeHash));
    assert.equal(names.size, 5);
  });
});
