import { expand, TemplateError } from './template.js';

/** A line of an env file that says nothing; `line` counts from 1. */
export class DotenvError extends Error {
  constructor(
    message: string,
    readonly line: number,
  ) {
    super(message);
  }
}

export interface DotenvOptions {
  /** Variables that the file's values may use, besides those that stand above them in the file. */
  lookup(name: string): string | undefined;
  /** `format: raw`: every line is `KEY=value` to the letter, without quotes and variables. */
  raw?: boolean;
}

const KEY = /^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*/;

/**
 * Variables of an env file: `KEY=value`, `export KEY=value`, `KEY: value`, `KEY` alone (the value of `lookup`, if it has one),
 * comments, quotes over several lines, variables within unquoted and double-quoted values.
 * The dotenv library knows no variables and cannot tell `'$x'` from `"$x"`. Source of the rule: Compose, "Env file syntax".
 */
export function parseDotenv(text: string, options: DotenvOptions): Map<string, string> {
  return options.raw ? parseRaw(text) : new DotenvReader(text.replace(/\r\n?/g, '\n'), options).read();
}

function parseRaw(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0 && !line.startsWith('#')) values.set(line.slice(0, equals), line.slice(equals + 1));
  }
  return values;
}

class DotenvReader {
  readonly #values = new Map<string, string>();
  readonly #lines: string[];
  #line = 0;

  constructor(
    text: string,
    private readonly options: DotenvOptions,
  ) {
    this.#lines = text.replace(/^\uFEFF/, '').split('\n');
  }

  read(): Map<string, string> {
    for (; this.#line < this.#lines.length; this.#line++) {
      const line = this.#lines[this.#line]?.trim() ?? '';
      if (line !== '' && !line.startsWith('#')) this.#assignment(line);
    }
    return this.#values;
  }

  #assignment(line: string): void {
    const match = KEY.exec(line);
    const [all = '', name = ''] = match ?? [];
    const rest = line.slice(all.length);
    if (match === null || (rest !== '' && !/^[=:]/.test(rest))) {
      throw new DotenvError(
        `'${line.split(/[=\s]/)[0] ?? ''}' is no variable: a line is KEY=value, a comment with #, or empty`,
        this.#line + 1,
      );
    }
    if (rest !== '') this.#values.set(name, this.#value(rest.slice(1).trimStart()));
    else {
      const inherited = this.options.lookup(name);
      if (inherited !== undefined) this.#values.set(name, inherited);
    }
  }

  #value(text: string): string {
    const quote = text.charAt(0);
    if (quote === "'" || quote === '"') return this.#quoted(text.slice(1), quote);
    return this.#expand(text.replace(/(^|\s+)#.*$/, '').trimEnd());
  }

  #quoted(start: string, quote: string): string {
    const startLine = this.#line;
    let text = start;
    let end = closingQuote(text, quote);
    while (end < 0) {
      this.#line++;
      const next = this.#lines[this.#line];
      if (next === undefined) throw new DotenvError(`the quote ${quote} is not closed`, startLine + 1);
      text += `\n${next}`;
      end = closingQuote(text, quote);
    }
    const inner = text.slice(0, end);
    return quote === "'" ? inner.replaceAll("\\'", "'") : unescapeDouble(this.#expand(inner));
  }

  #expand(text: string): string {
    try {
      // A backslash takes a dollar sign its meaning, here as in a shell.
      return expand(text.replaceAll('\\$', '$$$$'), {
        lookup: (name) => this.options.lookup(name) ?? this.#values.get(name),
        lenient: true,
      });
    } catch (error) {
      if (error instanceof TemplateError) throw new DotenvError(error.message, this.#line + 1);
      throw error;
    }
  }
}

function closingQuote(text: string, quote: string): number {
  for (let index = 0; index < text.length; index++) {
    if (text.charAt(index) === '\\') index++;
    else if (text.charAt(index) === quote) return index;
  }
  return -1;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$' };

function unescapeDouble(text: string): string {
  return text.replace(/\\(.)/g, (whole, char: string) => ESCAPES[char] ?? whole);
}
