import assert from 'node:assert/strict';
import { codeOnly, linesWith, packageSources, type SourceFile, testSources } from './source-tree.js';

const MAX_LINES = 400;

/** Places, as path:line, where a pattern is found in code. */
function places(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) => linesWith(codeOnly(text), pattern).map((line) => `${path}:${line}`));
}

describe('The source', () => {
  const all = [...packageSources(), ...testSources()];

  it('was found', () => {
    assert.ok(all.length > 300, `only ${all.length} files`);
    for (const folder of ['api', 'kit', 'manager', 'agent', 'bed', 'cli'])
      assert.ok(all.some(({ path }) => path.startsWith(`packages/${folder}/`)));
  });

  it('has no file of more than 400 lines', () => {
    const lengths = all.map(({ path, text }) => ({ path, lines: text.trimEnd().split('\n').length }));
    assert.deepEqual(
      lengths.filter(({ lines }) => lines > MAX_LINES).map(({ path, lines }) => `${path}: ${lines} lines`),
      [],
    );
  });

  it('exports no binding that can change', () => {
    assert.deepEqual(places(all, /^export (let|var)\b/gm), []);
  });

  it('leaves no test out', () => {
    assert.deepEqual(places(all, /\b(?:describe|context|it|test|suite)\.(?:only|skip)\b|\b(?:xit|xdescribe)\s*\(/g), []);
  });

  it('switches no check off', () => {
    const directive = /@ts-(?:ignore|nocheck|expect-error)|biome-ignore|c8 ignore/g;
    const own = new URL(import.meta.url).pathname.split('/').at(-1)?.replace('.js', '.ts') as string;
    const found = all
      .filter(({ path }) => !path.endsWith(`/rules/${own}`))
      .flatMap(({ path, text }) => linesWith(text, directive).map((line) => `${path}:${line}`));
    assert.deepEqual(found, []);
  });
});
