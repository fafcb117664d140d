import assert from 'node:assert/strict';
import fc from 'fast-check';
import { DotenvError, parseDotenv } from './dotenv.js';

const outside: Record<string, string> = { HOST: 'outside' };
const lookup = (name: string) => outside[name];
const parse = (text: string, raw = false) => Object.fromEntries(parseDotenv(text, { lookup, raw }));

describe('An env file', () => {
  const cases: [title: string, text: string, values: Record<string, string>][] = [
    ['gives each variable its value', 'A=1\nB=two words\n', { A: '1', B: 'two words' }],
    ['takes export, spaces and a colon', 'export A = 1\nB: 2\n', { A: '1', B: '2' }],
    ['passes over comments and empty lines', '# comment\n\nA=1 # comment\nB=a#b\n', { A: '1', B: 'a#b' }],
    ['keeps an empty value', 'A=\nB=""\nC= # nothing\n', { A: '', B: '', C: '' }],
    ['keeps what is in single quotes to the letter', "A='$HOST # \\n'\n", { A: '$HOST # \\n' }],
    ['reads escapes in double quotes', 'A="line\\nnext \\"q\\" $HOST"\n', { A: 'line\nnext "q" outside' }],
    ['takes quotes over several lines', 'A="one\ntwo"\nB=2\n', { A: 'one\ntwo', B: '2' }],
    ['expands variables of outside and of above', 'A=a\nB=$A-$HOST\n', { A: 'a', B: 'a-outside' }],
    ['inherits a variable without a value, or leaves it unset', 'HOST\nNONE\n', { HOST: 'outside' }],
    ['takes Windows line ends and a byte order mark', '\uFEFFA=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['lets the later line win', 'A=1\nA=2\n', { A: '2' }],
    ['leaves a dollar sign after a backslash', 'A=\\$HOST\nB="\\$HOST"\n', { A: '$HOST', B: '$HOST' }],
    ['leaves a lone dollar sign', 'A=cost $5\n', { A: 'cost $5' }],
  ];
  for (const [title, text, values] of cases) it(title, () => assert.deepEqual(parse(text), values));

  it('in raw format is taken to the letter', () => {
    assert.deepEqual(parse('# c\nA="$HOST" # x\nB=a=b\n', true), { A: '"$HOST" # x', B: 'a=b' });
  });

  it('names the line that says nothing', () => {
    assert.throws(
      () => parse('A=1\n\nfoo bar\n'),
      (error) => error instanceof DotenvError && error.line === 3,
    );
  });

  it('names the line of a quote that is not closed', () => {
    assert.throws(
      () => parse('A=1\nB="open\nC=2\n'),
      (error) => error instanceof DotenvError && error.line === 2 && error.message === 'the quote " is not closed',
    );
  });

  it('gives back any value that was written in single quotes', () => {
    const value = fc.string({ unit: 'grapheme-ascii' }).filter((text) => !/['\\]/.test(text));
    fc.assert(fc.property(value, (text) => assert.deepEqual(parse(`A='${text}'\n`), { A: text })));
  });
});
