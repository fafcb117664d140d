/** One table of a report. */
export interface Table {
  title: string;
  columns: readonly string[];
  rows: ReadonlyArray<readonly string[]>;
  /** Below the table: what a column means, what was not measured. */
  notes?: readonly string[];
}

/** What a benchmark found. */
export interface Report {
  tables: readonly Table[];
  /** The same in numbers, for `--json`. */
  data: unknown;
}

export interface BenchContext {
  /** Says what is being measured, on stderr. */
  progress(line: string): void;
}

/** A benchmark: measures, and judges nothing. One folder or file each, named in `main.ts`. */
export interface Bench {
  name: string;
  summary: string;
  run(context: BenchContext): Promise<Report>;
}
