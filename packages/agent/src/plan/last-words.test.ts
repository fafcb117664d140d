import assert from 'node:assert/strict';
import fc from 'fast-check';
import { lastWords } from './last-words.js';

describe('lastWords', () => {
  const table: [string, string[], string][] = [
    ['nothing', [], ''],
    ['blank lines', ['', '  ', '\t'], ''],
    ['one line', ['no database\r'], 'no database'],
    ['the last five of many lines', ['1', '2', '3', '4', '5', '6', '7'], '3 | 4 | 5 | 6 | 7'],
    ['colours and cursor movements', ['\u001b[1;31mpanic:\u001b[0m boom\u001b[2K', '\u001b]0;title\u0007ok'], 'panic: boom | ok'],
    ['other control characters', ['a\u0000b\u0008c\u202ed'], 'a b c d'],
  ];
  for (const [what, lines, words] of table) it(`of ${what}`, () => assert.equal(lastWords(lines), words));

  it('keeps the end of a long line', () => {
    const words = lastWords([`${'x'.repeat(1_000_000)} the end`]);
    assert.equal(words.length, 1_024);
    assert.match(words, /^…x+ the end$/);
  });

  it('is bounded and has no control character, whatever was printed', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 600 }), { maxLength: 9 }), (lines) => {
        const words = lastWords(lines);
        assert.ok(words.length <= 1_024);
        assert.doesNotMatch(words, /\p{Cc}/u);
      }),
    );
  });
});
