import { canonicalDocument } from '../canonical/document.js';
import type { Diagnostics, Path } from '../diagnostic.js';
import { type Env, interpolate } from '../interpolate/interpolate.js';
import { castValues } from '../schema/cast.js';
import { composeSchema } from '../schema/compose-schema.js';
import { validateForm } from '../schema/validate.js';
import type { MapNode, Mark } from '../yaml/node.js';
import { MAX_FILE_BYTES, parseYaml } from '../yaml/parse.js';

/** The files that a load may read; the caller decides what a path means and what may be read. */
export interface ComposeFiles {
  /** Content of the file at an absolute POSIX path (or of `-`, the standard input), or undefined when there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
}

/** Who asked for a file, for the message when it is missing. */
export interface Origin {
  at: Mark;
  path: Path;
}

/** Bound of the inclusions of one load. */
export const MAX_INCLUDES = 1000;

/** What all files of one load share. */
export class LoadSession {
  readonly #unset = new Set<string>();
  #includes = 0;

  constructor(
    private readonly files: ComposeFiles,
    private readonly workingDir: string,
    readonly diagnostics: Diagnostics,
  ) {}

  /** The path as the author of the files would write it: relative to where they are, if below. */
  display(path: string): string {
    if (path === '-') return '<stdin>';
    const prefix = this.workingDir === '/' ? '/' : `${this.workingDir}/`;
    return path.startsWith(prefix) ? path.slice(prefix.length) : path;
  }

  start(path: string): Mark {
    return { file: this.display(path), line: 1, column: 1 };
  }

  /** Counts an inclusion; false when there are too many: files that each include two others twice grow without bound. */
  mayInclude(): boolean {
    this.#includes++;
    return this.#includes <= MAX_INCLUDES;
  }

  /** Bytes of a file, or undefined after an error was reported: it is missing or over `maxBytes`. */
  async readBytes(path: string, origin: Origin | undefined, maxBytes: number): Promise<Uint8Array | undefined> {
    const bytes = await this.files.read(path);
    const place = { at: origin?.at ?? this.start(path), path: origin?.path ?? [] };
    if (bytes === undefined) {
      this.diagnostics.error({
        ...place,
        code: 'missing-file',
        message: `the file '${this.display(path)}' does not exist or cannot be read`,
        cure: 'check its path, and that you may read it',
      });
    } else if (bytes.length > maxBytes) {
      this.diagnostics.error({
        ...place,
        code: 'too-large',
        message: `the file '${this.display(path)}' has ${bytes.length} bytes; ${maxBytes} is the most`,
      });
      return undefined;
    }
    return bytes;
  }

  /** Content of a file that need not be there. */
  async readOptional(path: string): Promise<Uint8Array | undefined> {
    return this.files.read(path);
  }

  /** The YAML tree of a Compose file, with nothing replaced yet. */
  async parse(path: string, origin?: Origin): Promise<MapNode | undefined> {
    const bytes = await this.readBytes(path, origin, MAX_FILE_BYTES);
    if (bytes === undefined) return undefined;
    const text = decodeUtf8(bytes);
    if (text !== undefined) return parseYaml(text, this.display(path), this.diagnostics);
    this.diagnostics.error({ at: this.start(path), path: [], code: 'yaml', message: 'the file is not UTF-8 text' });
    return undefined;
  }

  /** A parsed file with its variables replaced, its form checked and its short forms opened; undefined after errors. */
  prepare(tree: MapNode, dir: string, env: Env): MapNode | undefined {
    const found = this.diagnostics.errorCount;
    const cast = castValues(interpolate(tree, env, this.diagnostics, this.#unset), composeSchema, this.diagnostics);
    validateForm(cast, this.diagnostics);
    if (this.diagnostics.errorCount > found) return undefined;
    return canonicalDocument(cast, { dir, env, diagnostics: this.diagnostics });
  }
}

/** The text, or undefined if the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
