import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { parse } from 'yaml';
import { ComposeError } from './diagnostic.js';
import { load } from './fixture.test.js';

const ROOT = new URL('../../testdata/compose/', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, ROOT), 'utf8');
const BESIDE = {
  'base.yml': read('everything/base.yml'),
  'app.env': read('everything/app.env'),
  'extra/compose.yml': read('everything/extra/compose.yml'),
};
const OPTIONS = { env: { HOME: '/home/me', MAIL_TAG: '2', APP_CONFIG: 'x' } };

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** Every way from the root of a document to one of its values. */
function pathsOf(value: Json, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (value === null || typeof value !== 'object') return [path];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...entries.flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

/** A copy of the document with another value at a path. */
function replaceAt(value: Json, [step, ...rest]: readonly (string | number)[], by: Json): Json {
  if (step === undefined) return by;
  if (Array.isArray(value)) return value.map((item, index) => (index === step ? replaceAt(item, rest, by) : item));
  if (value === null || typeof value !== 'object') return by;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, key === step ? replaceAt(inner, rest, by) : inner]));
}

const words = fc.constantFrom(
  '',
  'a',
  '0',
  '-1',
  '1.5',
  '80',
  'true',
  '1m',
  '10s',
  '/',
  './x',
  'a:b',
  'a:b:c:d',
  '=',
  'a=b',
  '{{.Node.ID}}',
  'default',
  'app',
  'constructor',
  '__proto__',
  'service:db',
);
const single = fc.oneof(
  words,
  fc.string({ maxLength: 8 }),
  fc.integer({ min: -2, max: 70_000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
);
const damage: fc.Arbitrary<Json> = fc.oneof(
  single,
  fc.array(single, { maxLength: 3 }),
  fc.dictionary(words, single, { maxKeys: 3 }),
  fc.array(fc.dictionary(words, single, { maxKeys: 2 }), { maxLength: 2 }),
);

describe('A Compose file with any value replaced', () => {
  const document: Json = parse(read('everything/compose.yml'));
  const paths = pathsOf(document);

  it('makes a stack of the form of the contract, or is told of with a place', async () => {
    const property = fc.asyncProperty(fc.constantFrom(...paths), damage, async (path, value) => {
      const text = JSON.stringify(replaceAt(document, path, value), undefined, 1);
      try {
        await load({ 'compose.yml': text, ...BESIDE }, OPTIONS);
      } catch (error) {
        assert.ok(error instanceof ComposeError, `${error instanceof Error ? error.stack : error}`);
        for (const { line, column, message } of error.diagnostics) assert.ok(line >= 1 && column >= 1 && message !== '');
      }
    });
    await fc.assert(property, { numRuns: Number(process.env.DAMAGE_RUNS ?? 200) });
  }).timeout(60_000);
});
