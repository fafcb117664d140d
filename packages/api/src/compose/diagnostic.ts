import type { Mark, Path } from './yaml/node.js';

export type { Path } from './yaml/node.js';

/** One thing to tell the author of a Compose file. */
export interface Diagnostic {
  severity: 'error' | 'warning';
  /** Stable word for programs, such as `unknown-key`. */
  code: string;
  message: string;
  /** What the reader can do about it. */
  cure?: string;
  file: string;
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
  /** `services.web.ports[0]`; empty for the whole file. */
  path: string;
}

/** Where and what to say; `at` is the mark of the node that is to blame. */
export interface Finding {
  at: Mark;
  path: Path;
  code: string;
  message: string;
  cure?: string | undefined;
}

/** Thrown when a stack cannot be made of the files; carries everything found, warnings too. */
export class ComposeError extends Error {
  override readonly name = 'ComposeError';

  constructor(readonly diagnostics: readonly Diagnostic[]) {
    super(
      diagnostics
        .filter((d) => d.severity === 'error')
        .map(formatDiagnostic)
        .join('\n'),
    );
  }
}

/** Collects findings, so that an author sees all of them at once. */
export class Diagnostics {
  readonly #found: Diagnostic[] = [];
  readonly #seen = new Set<string>();

  error(finding: Finding): void {
    this.#add('error', finding);
  }

  warning(finding: Finding): void {
    this.#add('warning', finding);
  }

  get hasErrors(): boolean {
    return this.errorCount > 0;
  }

  get errorCount(): number {
    return this.#found.filter((found) => found.severity === 'error').length;
  }

  /** Everything found, in the order of the files' lines. */
  sorted(): Diagnostic[] {
    return [...this.#found].sort((a, b) => (a.file === b.file ? a.line - b.line || a.column - b.column : a.file < b.file ? -1 : 1));
  }

  throwIfErrors(): void {
    if (this.hasErrors) throw new ComposeError(this.sorted());
  }

  #add(severity: Diagnostic['severity'], { at, path, code, message, cure }: Finding): void {
    const diagnostic: Diagnostic = { severity, code, message, ...(cure !== undefined && { cure }), ...at, path: formatPath(path) };
    // A service that is extended twice is checked twice: say each thing once.
    const identity = JSON.stringify([at, code, message]);
    if (this.#seen.has(identity)) return;
    this.#seen.add(identity);
    this.#found.push(diagnostic);
  }
}

/** `services.web.ports[0]`. */
export function formatPath(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');
}

/** `compose.yml:12:7: error: services.web.ports[0]: port 99999 is out of range (1-65535)` and, indented, the cure. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { file, line, column, severity, path, message, cure } = diagnostic;
  const place = path === '' ? '' : `${path}: `;
  return `${file}:${line}:${column}: ${severity}: ${place}${message}${cure === undefined ? '' : `\n  cure: ${cure}`}`;
}
