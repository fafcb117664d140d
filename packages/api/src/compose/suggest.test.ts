import assert from 'node:assert/strict';
import { nearest } from './suggest.js';

describe('A misspelt word', () => {
  const known = ['image', 'environment', 'env_file', 'ports', 'deploy', 'mem_limit'];
  const cases: [word: string, meant: string | undefined][] = [
    ['imagee', 'image'],
    ['iamge', 'image'],
    ['enviroment', 'environment'],
    ['env-file', 'env_file'],
    ['Ports', 'ports'],
    ['port', 'ports'],
    ['frobnicate', undefined],
    ['x', undefined],
  ];
  for (const [word, meant] of cases) it(`${word} is taken for ${meant ?? 'nothing'}`, () => assert.equal(nearest(word, known), meant));
});
