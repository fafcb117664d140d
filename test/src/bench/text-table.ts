import type { Table } from './bench.js';

/** A table as Markdown, so that it can be pasted into a document: numbers to the right, the first column to the left. */
export function formatTable({ title, columns, rows, notes = [] }: Table): string {
  const widths = columns.map((column, index) => Math.max(column.length, 3, ...rows.map((row) => row[index]!.length)));
  const pad = (text: string, index: number): string => (index === 0 ? text.padEnd(widths[index]!) : text.padStart(widths[index]!));
  const line = (cells: readonly string[]): string => `| ${cells.map(pad).join(' | ')} |`;
  const rule = `|${widths.map((width, index) => (index === 0 ? `${'-'.repeat(width + 2)}` : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [title, '', line(columns), rule, ...rows.map(line), ...notes.map((note) => `\n${note}`), ''].join('\n');
}
