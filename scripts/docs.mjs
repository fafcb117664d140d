// Generates the documents that come from code. `--check` writes nothing and exits with 1 if a file is out of date.
import { readFile, writeFile } from 'node:fs/promises';
import { renderSupportTable } from '@tessera/api/compose/index';
import { renderApiPage } from '@tessera/api/docs/api-page';
import { renderErrorsPage } from '@tessera/api/docs/errors-page';
import { renderCliReference, renderExitCodes } from '@tessera/cli/docs/cli-reference';
import { renderBadInputPage } from '../test/dist/e2e/bad-input/page.js';

/** Each document with what it is made of. */
const DOCUMENTS = [
  { file: 'docs/compose.md', render: renderSupportTable },
  { file: 'docs/reference/api.md', render: renderApiPage },
  { file: 'docs/reference/errors.md', render: renderErrorsPage },
  { file: 'docs/reference/cli.md', render: renderCliReference },
  { file: 'docs/reference/exit-codes.md', render: renderExitCodes },
  { file: 'docs/reference/bad-input.md', render: renderBadInputPage },
];

const root = new URL('../', import.meta.url);
const isCheck = process.argv.includes('--check');
let outdated = 0;

for (const { file, render } of DOCUMENTS) {
  const wanted = await render();
  const current = await readFile(new URL(file, root), 'utf8').catch(() => undefined);
  if (current === wanted) continue;
  outdated++;
  if (isCheck) console.error(`${file} is out of date: run \`npm run docs\``);
  else await writeFile(new URL(file, root), wanted);
}
process.exitCode = isCheck && outdated > 0 ? 1 : 0;
