import type { Diagnostics, Path } from '../diagnostic.js';
import type { Env } from '../interpolate/interpolate.js';
import { resolve } from '../posix-path.js';
import type { ComposeNode, Mark } from '../yaml/node.js';

/** What the canonical forms of one file are made with. */
export interface CanonicalContext {
  /** Folder that the file's relative paths start from. */
  readonly dir: string;
  readonly env: Env;
  readonly diagnostics: Diagnostics;
}

/** Brings a value that has several forms into its one canonical form. The value has passed the schema. */
export type Canonicalizer = (node: ComposeNode, path: Path, context: CanonicalContext) => ComposeNode;

export function reject(context: CanonicalContext, at: Mark, path: Path, message: string, cure?: string): void {
  context.diagnostics.error({ at, path, code: 'bad-value', message, cure });
}

/** A path of the file's author as an absolute path; `~` is the author's home. */
export function absolutePath(text: string, at: Mark, path: Path, context: CanonicalContext): string {
  if (text !== '~' && !text.startsWith('~/')) return resolve(context.dir, text);
  const home = context.env.HOME;
  if (home === undefined) reject(context, at, path, `"${text}" starts from the home folder, but HOME is not set`, 'write the whole path');
  return resolve(home ?? '/', `.${text.slice(1)}`);
}
