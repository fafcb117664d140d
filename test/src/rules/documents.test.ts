import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { ERROR_CODES, KINDS, ROUTES } from '@tessera/api';
import { filesBelow, packageSources, rootPath, type SourceFile } from './source-tree.js';

const LINK = /\[[^\]\n]*\]\(([^)\s]+)\)/g;
const FENCE = /^```[\s\S]*?^```/gm;
const INLINE_CODE = /`[^`\n]*`/g;

interface PackageFile {
  scripts: Record<string, string>;
}

/** The text without code, where brackets mean something else. */
function prose(text: string): string {
  return text.replace(FENCE, '').replace(INLINE_CODE, '');
}

/** The name by which a heading is linked to, as GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}

function anchors(text: string): Set<string> {
  return new Set([...text.replace(FENCE, '').matchAll(/^#{1,6}\s+(.+)$/gm)].map(([, heading = '']) => anchorOf(heading)));
}

/** Links of a document that lead nowhere, each with its document. */
function brokenLinks({ path, text }: SourceFile): string[] {
  const targets = [...prose(text).matchAll(LINK)].map(([, target = '']) => target).filter((target) => !/^[a-z]+:/.test(target));
  return targets.filter((target) => !leadsSomewhere(path, text, target)).map((target) => `${path}: ${target}`);
}

function leadsSomewhere(path: string, text: string, target: string): boolean {
  const [file = '', anchor] = target.split('#', 2);
  const found = rootPath(normalize(join(dirname(path), decodeURIComponent(file))));
  if (file !== '' && !existsSync(found)) return false;
  if (anchor === undefined) return true;
  return anchors(file === '' ? text : readFileSync(found, 'utf8')).has(anchor);
}

describe('The documents', () => {
  const documents = filesBelow('.', '.md');
  const read = (path: string): string => readFileSync(rootPath(path), 'utf8');

  it('link only to what is there', () => {
    assert.ok(documents.length > 10, `only ${documents.length} documents`);
    assert.deepEqual(documents.flatMap(brokenLinks), []);
  });

  it('are all reached from the index, by themselves or with their folder', () => {
    const targets = [...prose(read('docs/README.md')).matchAll(LINK)].map(([, target = '']) =>
      normalize(join('docs', target.split('#')[0] ?? '')),
    );
    const own = documents.map(({ path }) => path).filter((path) => path.startsWith('docs/') && path !== 'docs/README.md');
    assert.deepEqual(
      own.filter((path) => !targets.includes(path) && !targets.includes(dirname(path)) && dirname(path) !== 'docs/adr'),
      [],
    );
  });

  it('list every decision', () => {
    const index = read('docs/adr/README.md');
    const records = documents.map(({ path }) => path).filter((path) => /^docs\/adr\/\d{4}-/.test(path));
    assert.ok(records.length > 0);
    assert.deepEqual(
      records.filter((path) => !index.includes(`(${path.replace('docs/adr/', '')})`)),
      [],
    );
  });

  it('name only npm scripts that there are', () => {
    const { scripts } = JSON.parse(read('package.json')) as PackageFile;
    const builtIn = new Set(['test', 'ci', 'install']);
    const texts = [
      'README.md',
      'CONTRIBUTING.md',
      'ARCHITECTURE.md',
      ...documents.map(({ path }) => path).filter((path) => path.startsWith('docs/')),
    ];
    const named = texts.flatMap((path) =>
      [...read(path).matchAll(/\bnpm run (?:--silent )?([a-z][a-z0-9:-]*)/g)].map(([, name = '']) => ({ path, name })),
    );
    assert.ok(named.length > 0);
    assert.deepEqual(
      named.filter(({ name }) => !(name in scripts) && !builtIn.has(name)),
      [],
    );
  });

  it('explain every error code, and the code throws no other', () => {
    const page = read('docs/reference/errors.md');
    assert.deepEqual(
      Object.keys(ERROR_CODES).filter((code) => !page.includes(`\n## ${code}\n`)),
      [],
    );
    const thrown = packageSources().flatMap(({ text }) => [...text.matchAll(/new ApiError\(\s*'([a-z-]+)'/g)].map(([, code = '']) => code));
    assert.ok(thrown.length > 20);
    assert.deepEqual(
      thrown.filter((code) => !(code in ERROR_CODES)),
      [],
    );
  });

  it('explain every route', () => {
    const page = read('docs/reference/api.md');
    assert.deepEqual(
      Object.values(ROUTES)
        .map(({ path }) => path)
        .filter((path) => !page.includes(path)),
      [],
    );
  });

  it('explain every kind of object in the glossary', () => {
    const glossary = read('docs/glossary.md').toLowerCase();
    assert.deepEqual(
      KINDS.filter((kind) => !glossary.includes(`\`${kind}\``)),
      [],
    );
  });
});
