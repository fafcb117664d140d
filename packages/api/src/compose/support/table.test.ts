import assert from 'node:assert/strict';
import { composeSchema } from '../schema/compose-schema.js';
import { schemaKeys } from './keys.js';
import { renderSupportTable } from './render.js';
import { SUPPORT } from './table.js';

describe('The support table', () => {
  const tableKeys = SUPPORT.map((row) => row.key);

  it('has a row for every key of the schema, and no others', () => {
    assert.deepEqual([...tableKeys].sort(), schemaKeys(composeSchema).sort());
  });

  it('gives a reason for everything that is not wholly honoured', () => {
    assert.deepEqual(
      SUPPORT.filter((row) => row.status !== 'honoured' && !row.note).map((row) => row.key),
      [],
    );
  });

  it('is rendered with a line for each row', () => {
    const page = renderSupportTable();
    for (const key of tableKeys) assert.ok(page.includes(`| \`${key}\` |`), key);
  });
});
