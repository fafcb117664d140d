import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expand, TemplateError } from './template.js';

const TABLE = new URL('../../../testdata/compose/interpolation.txt', import.meta.url);
const env: Record<string, string> = { SET: 'value', EMPTY: '', OTHER: 'other', _x1: 'under' };
const expandInEnv = (text: string) => expand(text, { lookup: (name) => env[name] });

function matching(rows: readonly string[], pattern: RegExp): RegExpExecArray[] {
  return rows.map((row) => pattern.exec(row)).filter((match) => match !== null);
}

describe('A text with variables', () => {
  const rows = readFileSync(TABLE, 'utf8').split('\n');

  for (const [, text = '', result = ''] of matching(rows, /^(.*?) => ?(.*)$/)) {
    it(`${text} becomes "${result}"`, () => assert.equal(expandInEnv(text), result));
  }

  for (const [, text = '', index, message] of matching(rows, /^(.*?) =! (\d+) (.*)$/)) {
    it(`${text} is an error at character ${index}`, () => {
      assert.throws(
        () => expandInEnv(text),
        (error) => error instanceof TemplateError && error.message === message && error.index === Number(index),
      );
    });
  }

  it('tells of variables without value, but not of those with a default', () => {
    const unset: [string, number][] = [];
    expand(['$A $', '{B:-x} $C'].join(''), { lookup: () => undefined, onUnset: (name, index) => unset.push([name, index]) });
    assert.deepEqual(unset, [
      ['A', 0],
      ['C', 11],
    ]);
  });

  it('comes back as it was when its dollar signs were doubled', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(expandInEnv(text.replaceAll('$', '$$$$')), text)));
  });

  it('gives back any value of a variable unchanged', () => {
    fc.assert(fc.property(fc.string(), (value) => assert.equal(expand('<$V>', { lookup: () => value }), `<${value}>`)));
  });

  it('either expands or says what is wrong, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', ':', '-', '?', '+', 'A', 'b', '1') }), (text) => {
        try {
          assert.equal(typeof expandInEnv(text), 'string');
        } catch (error) {
          assert.ok(error instanceof TemplateError);
        }
      }),
    );
  });
});
