/** What changes from run to run, by the name that stands for it in cases and in the golden file. */
export class Places {
  readonly #values = new Map<string, string>();

  set(name: string, value: string): this {
    this.#values.set(name, value);
    return this;
  }

  /** A copy that knows one more. */
  with(name: string, value: string): Places {
    const copy = new Places();
    for (const [known, text] of this.#values) copy.set(known, text);
    return copy.set(name, value);
  }

  get(name: string): string {
    const value = this.#values.get(name);
    if (value === undefined) throw new Error(`nothing is known by the name <${name}>`);
    return value;
  }

  /** Puts the values in the places of their names. */
  fill(text: string): string {
    return text.replace(/<([a-z][a-z0-9-]*)>/g, (whole, name: string) => this.#values.get(name) ?? whole);
  }

  /** Puts names in the places of values, and of all else that no two runs have in common. */
  mask(text: string): string {
    const longestFirst = [...this.#values].sort(([, a], [, b]) => b.length - a.length);
    const named = longestFirst.reduce((masked, [name, value]) => masked.replaceAll(value, `<${name}>`), text);
    return CHANGING.reduce((masked, [pattern, name]) => masked.replace(pattern, name), named);
  }
}

const CHANGING: readonly (readonly [RegExp, string])[] = [
  [/\b(?=[a-z0-9]*\d)(?=[a-z0-9]*[a-z])[a-z0-9]{25}\b/g, '<id>'],
  [/\b(?!2030)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z\b/g, '<date>'],
  [/\b[0-9a-f]{64}\b/g, '<hash>'],
  [/\bTSJ-1-([wm])-<hash>-[0-9a-f]{32}\b/g, 'TSJ-1-$1-<hash>-<secret>'],
  [/\b(?=[0-9a-f]*\d)[0-9a-f]{12}\b/g, '<short-id>'],
  [/(rejected|failed) \d+ times/g, '$1 <n> times'],
  [/best has [\d.]+(?: [KMGT]iB)?/g, 'best has <amount>'],
  [/(converged in|pending|preparing|rejected|failed|running) \d+m?s\b/g, '$1 <time>'],
  [/(?<=\S) {3,}/g, '   '],
  [/ +$/gm, ''],
];
