import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository: compiled rules lie in test/dist/rules. */
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const NOT_OURS = new Set(['node_modules', 'dist', '.git', '.ci']);

/** A text file of the repository. */
export interface SourceFile {
  /** From the repository's root, with slashes. */
  path: string;
  text: string;
}

/** All files with one of these endings below a folder of the repository, in a fixed order. */
export function filesBelow(folder: string, ...endings: string[]): SourceFile[] {
  return pathsBelow(join(ROOT, folder))
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => ({ path: relative(ROOT, path), text: readFileSync(path, 'utf8') }));
}

/** What is shipped: the sources of all packages without their tests. */
export function productSources(): SourceFile[] {
  return packageSources().filter(({ path }) => !path.endsWith('.test.ts') && !path.includes('/testing/'));
}

/** The sources of all packages, tests included. */
export function packageSources(): SourceFile[] {
  return filesBelow('packages', '.ts').filter(({ path }) => /^packages\/[^/]+\/src\//.test(path));
}

/** The sources of the tests that lie outside the packages. */
export function testSources(): SourceFile[] {
  return filesBelow('test/src', '.ts');
}

export function rootPath(path: string): string {
  return join(ROOT, path);
}

/** The text with the lines that are comments blanked out; the numbers of lines stay. */
export function codeOnly(text: string): string {
  return text.replace(/^[ \t]*(?:\/\/|\/?\*).*$/gm, '');
}

/** Numbers of the lines of `text`, from 1, where `pattern` (with flag g) is found. */
export function linesWith(text: string, pattern: RegExp): number[] {
  return [...text.matchAll(pattern)].map((match) => text.slice(0, match.index).split('\n').length);
}

function pathsBelow(folder: string): string[] {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => a.name.localeCompare(b.name));
  return entries.flatMap((entry) => {
    if (NOT_OURS.has(entry.name)) return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? pathsBelow(path) : [path];
  });
}
