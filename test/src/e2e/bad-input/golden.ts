import { readFile } from 'node:fs/promises';

const FILE = new URL('../../../testdata/bad-input.golden', import.meta.url);
const HEADER = `Bad input to the commands, and every word that is said. Each case is a title after "===", its files after "---", command lines
after "$" with what they print on standard error and then, marked "stdout:", on standard output, and the exit code.
Written by UPDATE_GOLDEN=1 npx mocha --config .mocharc.json --timeout 600000 'test/dist/e2e/bad-input/**/*.test.js'
`;

/** The cases of a group, each as printed, by title. */
export type Shown = ReadonlyMap<string, string>;

/** What the golden file holds: groups by title. */
export type Golden = ReadonlyMap<string, Shown>;

/** The path of the golden file, for writing it. */
export function goldenFile(): URL {
  return FILE;
}

/** @returns an empty map when there is no golden file yet. */
export async function readGolden(): Promise<Golden> {
  const text = await readFile(FILE, 'utf8').catch(() => '');
  const [, ...groups] = text.split(/^(?=# )/m);
  return new Map(groups.map(parseGroup));
}

export function formatGolden(golden: Golden): string {
  const groups = [...golden].map(([title, cases]) => {
    const entries = [...cases].map(([name, text]) => `=== ${name}\n${text}`);
    return `# ${title}\n\n${entries.join('\n')}`;
  });
  return [HEADER, ...groups].join('\n');
}

function parseGroup(text: string): [string, Shown] {
  const [heading = '', ...entries] = text.split(/^=== /m);
  return [heading.slice(2).trim(), new Map(entries.map(parseCase))];
}

function parseCase(text: string): [string, string] {
  const end = text.indexOf('\n');
  return [text.slice(0, end), `${text.slice(end + 1).trimEnd()}\n`];
}
