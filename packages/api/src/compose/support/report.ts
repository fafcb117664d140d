import type { Diagnostics, Path } from '../diagnostic.js';
import { ruleOfKey } from '../schema/cast.js';
import { composeSchema } from '../schema/compose-schema.js';
import type { Schema } from '../schema/dsl.js';
import type { ComposeNode, MapEntry, MapNode } from '../yaml/node.js';
import { SUPPORT, type SupportRow } from './table.js';

const ROWS: ReadonlyMap<string, SupportRow> = new Map(SUPPORT.map((row) => [row.key, row]));

/** Names every key of the document that is ignored (a warning) or refused (an error), with the table's reason. */
export function reportSupport(document: MapNode, diagnostics: Diagnostics): void {
  visit(document, composeSchema, '', []);

  function visit(node: ComposeNode, rule: Schema | undefined, pattern: string, path: Path): void {
    if (rule === undefined || node.kind === 'scalar') return;
    if (node.kind === 'list') for (const [index, item] of node.items.entries()) visit(item, rule.items, `${pattern}[]`, [...path, index]);
    else for (const [key, entry] of node.entries) visitKey(key, entry, rule, pattern, path);
  }

  function visitKey(key: string, entry: MapEntry, rule: Schema, pattern: string, path: Path): void {
    const step = Object.hasOwn(rule.properties ?? {}, key) ? key : '*';
    const below = pattern === '' ? step : `${pattern}.${step}`;
    const row = ROWS.get(below);
    const finding = { at: entry.at, path: [...path, key], message: `is ${row?.status}: ${row?.note}` };
    if (row?.status === 'ignored') diagnostics.warning({ ...finding, code: 'ignored' });
    else if (row?.status === 'refused') diagnostics.error({ ...finding, code: 'refused' });
    else visit(entry.value, ruleOfKey(rule, key), below, [...path, key]);
  }
}
