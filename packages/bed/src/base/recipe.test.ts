import assert from 'node:assert/strict';
import { baseRecipe, recipeHash } from './recipe.js';

describe('the recipe of the Debian tree', () => {
  it('has one name, wherever the packages come from', () => {
    assert.equal(recipeHash(baseRecipe({})), recipeHash(baseRecipe({ TESSERA_DEV_MIRROR: 'http://mirror.example/debian' })));
  });

  it('has another name once anything in it changes', () => {
    const recipe = baseRecipe({});
    const others = [
      { ...recipe, packages: [...recipe.packages, 'strace'] },
      { ...recipe, files: { ...recipe.files, 'etc/motd': 'hello\n' } },
      { ...recipe, links: {} },
    ];
    const names = new Set([recipe, ...others].map(recipeHash));
    assert.equal(names.size, 4);
  });
});
