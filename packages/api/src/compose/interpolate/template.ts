/** What is wrong with a `$…` in a text, and where in the text it starts. */
export class TemplateError extends Error {
  constructor(
    message: string,
    readonly index: number,
    readonly cure?: string,
  ) {
    super(message);
  }
}

export interface TemplateScope {
  /** Value of a variable, or undefined when it is not set. */
  lookup(name: string): string | undefined;
  /** Told of a variable without a value and without a default, with the index of its `$`. */
  onUnset?(name: string, index: number): void;
  /** Leave a `$` that starts no variable as it is, as env files do; otherwise it is an error. */
  lenient?: boolean;
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const OPERATOR = /:?[-?+]/y;

/**
 * Replaces `$VAR`, `${VAR}`, `${VAR:-default}`, `${VAR-default}`, `${VAR:?error}`, `${VAR?error}`, `${VAR:+other}`, `${VAR+other}`;
 * `$$` is a dollar sign. Defaults, errors and replacements may hold variables themselves. Source of the rule: Compose specification, "Interpolation".
 */
export function expand(text: string, scope: TemplateScope): string {
  return text.includes('$') ? new Expansion(text, scope).until(undefined) : text;
}

class Expansion {
  #index = 0;

  constructor(
    private readonly text: string,
    private readonly scope: TemplateScope,
  ) {}

  /** Expands up to the closing brace of the variable opened at `openedAt`, or to the end of the text. */
  until(openedAt: number | undefined): string {
    let result = '';
    while (this.#index < this.text.length) {
      const char = this.text.charAt(this.#index);
      if (char === '}' && openedAt !== undefined) return result;
      if (char === '$') result += this.#dollar();
      else {
        result += char;
        this.#index++;
      }
    }
    if (openedAt !== undefined)
      throw new TemplateError("'${' is not closed", openedAt, "close it with '}', or write '$$' for a dollar sign");
    return result;
  }

  #dollar(): string {
    const start = this.#index++;
    const next = this.text.charAt(this.#index);
    if (next === '$') {
      this.#index++;
      return '$';
    }
    if (next === '{') return this.#braced(start);
    const name = this.#match(NAME);
    if (name !== undefined) return this.#valueOf(name, start);
    if (this.scope.lenient) return '$';
    throw new TemplateError("'$' starts no variable here", start, "write '$$' for a dollar sign");
  }

  #braced(start: number): string {
    this.#index++;
    const name = this.#match(NAME);
    if (name === undefined) throw new TemplateError("'${' is not followed by a variable's name", start, "write '$$' for a dollar sign");
    const operator = this.#match(OPERATOR);
    const value = operator === undefined ? this.#valueOf(name, start) : this.#operate(name, operator, start);
    if (this.#index >= this.text.length)
      throw new TemplateError("'${' is not closed", start, "close it with '}', or write '$$' for a dollar sign");
    if (this.text.charAt(this.#index) !== '}')
      throw new TemplateError(`'\${${name}' is followed by '${this.text.charAt(this.#index)}'`, start, 'known are :-  -  :?  ?  :+  +');
    this.#index++;
    return value;
  }

  #operate(name: string, operator: string, start: number): string {
    const value = this.scope.lookup(name);
    const present = value !== undefined && !(operator.startsWith(':') && value === '');
    const wantsOperand = operator.endsWith('+') ? present : !present;
    const operand = wantsOperand ? this.until(start) : this.#skip(start);
    if (operator.endsWith('?') && !present)
      throw new TemplateError(
        `the variable '${name}' must be set${operand === '' ? '' : `: ${operand}`}`,
        start,
        `set ${name} in the environment or in .env`,
      );
    if (operator.endsWith('+')) return operand;
    return present ? value : operand;
  }

  /** Passes over an operand that is not needed: its variables may be unset without a word. */
  #skip(start: number): string {
    const quiet = new Expansion(this.text, { lookup: () => 'set', lenient: true });
    quiet.#index = this.#index;
    quiet.until(start);
    this.#index = quiet.#index;
    return '';
  }

  #valueOf(name: string, start: number): string {
    const value = this.scope.lookup(name);
    if (value === undefined) this.scope.onUnset?.(name, start);
    return value ?? '';
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#index;
    const found = pattern.exec(this.text)?.[0];
    this.#index += found?.length ?? 0;
    return found;
  }
}
