import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { faultsOf } from './fixture.test.js';

interface BadInput {
  title: string;
  /** `compose.yml` and the files beside it. */
  files: Record<string, string>;
  /** Every word that the author reads. */
  says: string;
}

const TABLE = new URL('../../testdata/compose/bad-input.txt', import.meta.url);
/** The product promises exact messages for this many bad Compose files at least. */
const MIN_CASES = 45;

function readCases(text: string): BadInput[] {
  const [, ...cases] = text.split(/^=== /m);
  return cases.map((entry) => {
    const [input = '', says = ''] = entry.split(/^>>>\n/m);
    const [titled = '', ...others] = input.split(/^--- (?=\S)/m);
    const files = Object.fromEntries([`${titled}`, ...others].map(splitFirstLine));
    const [title = ''] = Object.keys(files);
    const { [title]: compose = '', ...rest } = files;
    return { title, files: { 'compose.yml': compose, ...rest }, says: says.trimEnd() };
  });
}

function splitFirstLine(text: string): [first: string, rest: string] {
  const end = text.indexOf('\n');
  return [text.slice(0, end), text.slice(end + 1)];
}

describe('A bad Compose file is told of with file, line, cause and cure', () => {
  const cases = readCases(readFileSync(TABLE, 'utf8'));

  it(`in ${MIN_CASES} cases at least`, () => {
    assert.ok(cases.length >= MIN_CASES, `${cases.length} cases`);
  });

  for (const { title, files, says } of cases) {
    it(`when ${title}`, async () => {
      assert.equal((await faultsOf(files, { env: { HOME: '/root' } })).join('\n'), says);
    });
  }
});
