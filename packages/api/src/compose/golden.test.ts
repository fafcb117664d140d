import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { load, memoryFiles } from './fixture.test.js';

const ROOT = new URL('../../testdata/compose/', import.meta.url);
const STACKS = readdirSync(ROOT, { withFileTypes: true }).filter((entry) => entry.isDirectory());

/** The files of a folder and its folders, under `/p`. */
function filesOf(folder: URL): Record<string, string> {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    names.map(({ parentPath, name }) => {
      const path = `${parentPath}/${name}`.replaceAll('//', '/');
      return [path.slice(folder.pathname.length), readFileSync(path, 'utf8')];
    }),
  );
}

/** After a change that is meant, write the files anew with `UPDATE_GOLDEN=1` and read the difference. */
describe('A whole stack, in all of the Compose format, becomes what its golden file says (docker/cli 4721: not the Compose spec)', () => {
  for (const { name } of STACKS) {
    it(`for ${name}`, async () => {
      const files = memoryFiles(filesOf(new URL(`${name}/`, ROOT)));
      const loaded = await load({}, { read: files, env: { HOME: '/home/me' }, projectName: name === 'everything' ? undefined : name });
      const text = `${JSON.stringify(loaded, undefined, 2)}\n`;
      const golden = new URL(`${name}.golden.json`, ROOT);
      if (process.env.UPDATE_GOLDEN) writeFileSync(golden, text);
      assert.equal(text, readFileSync(golden, 'utf8'));
    });
  }
});
