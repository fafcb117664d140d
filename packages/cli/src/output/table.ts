import { PLAIN, type Style } from './style.js';

export interface Column<Row> {
  title: string;
  value(row: Row): string;
  /** Only shown by `--output wide`. */
  wide?: boolean;
  /** Cut short first when the table is wider than the terminal. */
  shrink?: boolean;
  right?: boolean;
  /** Colours a cell; called with the text as it will be seen. */
  paint?(text: string, row: Row, style: Style): string;
}

export interface TableLayout {
  /** Cut columns that may shrink so that lines fit. Absent: never. */
  width?: number | undefined;
  wide?: boolean;
  style?: Style;
}

/** Between columns; the second when the table would be too wide. */
const GAPS = { wide: 3, narrow: 2 };
const LEAST_SHRUNK = 8;

/** Aligned columns without borders, the way Docker prints lists. */
export async function renderTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[], layout: TableLayout = {}): Promise<string[]> {
  const { default: Table } = await import('cli-table3');
  const { style = PLAIN, wide = false, width } = layout;
  const shown = columns.filter((column) => wide || !column.wide);
  const cells = rows.map((row) => shown.map((column) => oneLine(column.value(row))));
  const { widths, gap } = fitWidths(shown, cells, wide ? undefined : width);
  const table = new Table({
    chars: {
      top: '',
      'top-mid': '',
      'top-left': '',
      'top-right': '',
      bottom: '',
      'bottom-mid': '',
      'bottom-left': '',
      'bottom-right': '',
      left: '',
      'left-mid': '',
      mid: '',
      'mid-mid': '',
      right: '',
      'right-mid': '',
      middle: ' '.repeat(gap),
    },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    colAligns: shown.map((column) => (column.right ? 'right' : 'left')),
    colWidths: widths,
  });
  table.push(shown.map((column, index) => style.bold(clip(column.title, widths[index] ?? 0))));
  for (const [index, row] of rows.entries()) {
    table.push(
      shown.map((column, at) => {
        const text = clip(cells[index]?.[at] ?? '', widths[at] ?? 0);
        return column.paint && style.colored ? column.paint(text, row, style) : text;
      }),
    );
  }
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd());
}

/** Widths of the columns: of their longest cell, then the widest that may shrink loses first. */
function fitWidths<Row>(
  columns: readonly Column<Row>[],
  cells: readonly string[][],
  limit: number | undefined,
): { widths: number[]; gap: number } {
  const widths = columns.map((column, at) => Math.max(column.title.length, ...cells.map((row) => [...(row[at] ?? '')].length)));
  const excess = (gap: number): number => (limit === undefined ? 0 : sum(widths) + gap * (columns.length - 1) - limit);
  if (excess(GAPS.wide) <= 0) return { widths, gap: GAPS.wide };
  while (excess(GAPS.narrow) > 0) {
    const candidates = columns.flatMap((column, at) => (column.shrink && (widths[at] ?? 0) > LEAST_SHRUNK ? [at] : []));
    const widest = candidates.sort((a, b) => (widths[b] ?? 0) - (widths[a] ?? 0))[0];
    if (widest === undefined) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return { widths, gap: GAPS.narrow };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function clip(text: string, width: number): string {
  const chars = [...text];
  return chars.length <= width ? text : `${chars.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** A cell is a line: an error message with line breaks would tear the table apart, and one with control sequences the terminal. */
function oneLine(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\u0000-\u001f\u007f-\u009f]/g, '')
    .trim();
}
