import assert from 'node:assert/strict';
import { filesBelow, packageSources } from './source-tree.js';

const PAGE = 'docs/from-swarm.md';
/** `moby/moby 35048, 29882`: a repository and what was asked there. */
const REFERENCE = /((?:moby|docker)\/[a-z]+) (\d+(?:, \d+)*)/g;
/** What stands in the titles of tests and suites. */
const TITLE = /^\s*(?:it|describe)\(\s*(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`[^`]*`)/gm;

function references(text: string): string[] {
  return [...text.matchAll(REFERENCE)].flatMap(([, repository, numbers = '']) =>
    numbers.split(', ').map((number) => `${repository} ${number}`),
  );
}

describe('The page for those who come from Swarm', () => {
  it('claims nothing that no test is named after', () => {
    const page = filesBelow('docs', '.md').find(({ path }) => path === PAGE)?.text ?? '';
    const claimed = references(page.slice(0, page.indexOf('Not answered yet')));
    assert.ok(claimed.length > 25, `only ${claimed.length} claims`);
    const tests = [...packageSources(), ...filesBelow('test/src', '.ts')].filter(({ path }) => path.endsWith('.test.ts'));
    const named = new Set(references(tests.flatMap(({ text }) => text.match(TITLE) ?? []).join('\n')));
    assert.deepEqual(
      claimed.filter((reference) => !named.has(reference)),
      [],
    );
  });
});
