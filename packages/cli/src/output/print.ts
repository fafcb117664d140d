import type { Session } from '../session.js';
import { type Column, renderTable } from './table.js';

/** What a list command shows, whichever format is asked for. */
export interface Listing<Row> {
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  /** What `--output json` and `yaml` give. */
  data: unknown;
  /** What `--quiet` prints, a line each. */
  ids: readonly string[];
  quiet?: boolean | undefined;
  /** Said on standard error when a table would be empty. */
  empty: string;
}

export async function printListing<Row>(session: Session, listing: Listing<Row>): Promise<void> {
  const { output } = session.globals;
  if (listing.quiet) return session.print(...listing.ids);
  if (output === 'json' || output === 'yaml') return printData(session, listing.data);
  if (listing.rows.length === 0) session.note(listing.empty);
  const width = session.io.stdout.isTerminal ? session.io.stdout.columns : undefined;
  session.print(...(await renderTable(listing.columns, listing.rows, { width, wide: output === 'wide', style: session.style })));
}

/** Prints data as JSON, or as YAML when that is asked for. */
export async function printData(session: Session, data: unknown): Promise<void> {
  if (session.globals.output !== 'yaml') return session.print(JSON.stringify(data, null, 2));
  const { stringify } = await import('yaml');
  session.io.stdout.write(stringify(data));
}

/** Whether the output is for programs: then nothing but data goes to standard output. */
export function wantsData(session: Session): boolean {
  return session.globals.output === 'json' || session.globals.output === 'yaml';
}
