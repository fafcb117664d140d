import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Diagnostics, formatDiagnostic } from '../diagnostic.js';
import { descend, toPlain } from './node.js';
import { parseYaml } from './parse.js';

function parse(text: string) {
  const diagnostics = new Diagnostics();
  const tree = parseYaml(text, 'f.yml', diagnostics);
  return { tree, plain: tree && toPlain(tree), says: diagnostics.sorted().map(formatDiagnostic) };
}

describe('A YAML file', () => {
  const cases: [title: string, text: string, plain: object][] = [
    ['that is empty is an empty map', '', {}],
    ['of comments alone is an empty map', '# nothing\n', {}],
    ['keeps the types of YAML 1.2', 'a: 1\nb: "1"\nc: yes\nd: true\ne: ~\nf: 1.5\n', { a: 1, b: '1', c: 'yes', d: true, e: null, f: 1.5 }],
    ['reads 22:22 as a text, not in base 60', 'a: 22:22\n', { a: '22:22' }],
    ['follows aliases', 'a: &x {b: 1}\nc: *x\n', { a: { b: 1 }, c: { b: 1 } }],
    ['lets an anchor be given again', 'a: &x 1\nb: *x\nc: &x 2\nd: *x\n', { a: 1, b: 1, c: 2, d: 2 }],
    ['merges maps, its own keys winning', 'a: &x {b: 1, c: 2}\nd: {<<: *x, c: 3}\n', { a: { b: 1, c: 2 }, d: { c: 3, b: 1 } }],
    [
      'merges lists of maps, the first winning',
      'a: &x {b: 1}\nc: &y {b: 2, d: 3}\ne: {<<: [*x, *y]}\n',
      { a: { b: 1 }, c: { b: 2, d: 3 }, e: { b: 1, d: 3 } },
    ],
    ['takes a quoted << as a common key', "a: {'<<': 1}\n", { a: { '<<': 1 } }],
    ['leaves out what is tagged !reset', 'a: !reset null\nb: 1\n', { b: 1 }],
    ['keeps numbers as keys as they are written', '80: a\n1.10: b\n', { 80: 'a', '1.10': 'b' }],
  ];
  for (const [title, text, plain] of cases) {
    it(title, () => {
      const result = parse(text);
      assert.deepEqual(result.says, []);
      assert.deepEqual(result.plain, plain);
    });
  }

  it('tells where each value is', () => {
    const { tree } = parse('a:\n  - b: 1\n    c: "x"\n');
    assert.deepEqual(descend(tree, ['a', 0, 'c'])?.at, { file: 'f.yml', line: 3, column: 8 });
  });

  it('keeps numbers as they were written', () => {
    const node = descend(parse('a: 1.10\n').tree, ['a']);
    assert.equal(node?.kind === 'scalar' && node.text, '1.10');
  });

  it('whose aliases grow without bound is refused', () => {
    const levels = Array.from({ length: 12 }, (_, level) => `l${level + 1}: &l${level + 1} [${Array(9).fill(`*l${level}`).join(', ')}]`);
    const { says } = parse(['l0: &l0 [x]', ...levels].join('\n'));
    assert.equal(says.length, 1);
    assert.match(says[0] ?? '', /the file grows to more than 500000 values once its aliases are followed/);
  });

  it('that nests without bound is refused', () => {
    for (const depth of [300, 100_000])
      assert.match(parse(`a: ${'['.repeat(depth)}${']'.repeat(depth)}\n`).says[0] ?? '', /nests deeper than 200 levels/);
  });

  it('is parsed or told of, whatever it holds', () => {
    const text = fc.string({
      unit: fc.constantFrom(
        'a',
        'b',
        ':',
        ' ',
        '\n',
        '- ',
        '[',
        ']',
        '{',
        '}',
        '*a',
        '&a ',
        '<<',
        '!reset ',
        '"',
        "'",
        '|',
        '#',
        ',',
        '?',
        '\t',
        '%',
        '---',
      ),
    });
    fc.assert(
      fc.property(text, (value) => {
        const { tree, says } = parse(value);
        assert.ok(tree !== undefined || says.length > 0);
      }),
      { numRuns: 2000 },
    );
  });

  it('does not let a key reach the prototype of objects', () => {
    assert.deepEqual(parse('__proto__: {polluted: 1}\n').says, ["f.yml:1:1: error: __proto__: the key '__proto__' is not allowed"]);
  });
});
