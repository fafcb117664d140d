import assert from 'node:assert/strict';
import fc from 'fast-check';
import { splitWords, UnfinishedQuote } from './shell-words.js';

describe('A command line', () => {
  const cases: [line: string, words: string[]][] = [
    ['echo a b', ['echo', 'a', 'b']],
    ['  echo \t a  ', ['echo', 'a']],
    ['', []],
    ["sh -c 'echo $A; exit'", ['sh', '-c', 'echo $A; exit']],
    ['echo "a \\"b\\" \\n"', ['echo', 'a "b" \\n']],
    ['a\\ b', ['a b']],
    [`a'b c'"d e"f`, ['ab cd ef']],
    ["''", ['']],
    ['a | b && c > d', ['a', '|', 'b', '&&', 'c', '>', 'd']],
    ['a # b', ['a', '#', 'b']],
    ['a\\\nb', ['ab']],
    ['a\nb', ['a', 'b']],
  ];
  for (const [line, words] of cases)
    it(`${JSON.stringify(line)} has the words ${JSON.stringify(words)}`, () => assert.deepEqual(splitWords(line), words));

  for (const line of ["'a", '"a', 'a\\']) {
    it(`${JSON.stringify(line)} is unfinished`, () => assert.throws(() => splitWords(line), UnfinishedQuote));
  }

  it('gives back the words that were quoted for it', () => {
    const quote = (word: string) => `'${word.replaceAll("'", "'\\''")}'`;
    fc.assert(fc.property(fc.array(fc.string()), (words) => assert.deepEqual(splitWords(words.map(quote).join(' ')), words)));
  });
});
