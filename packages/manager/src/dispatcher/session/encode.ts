import type { NodeSetItems, NodeSetKind } from '@tessera/api';
import type { Delta } from '../feed/node-feed.js';
import type { NodeSetItem } from '../feed/projector.js';

const KINDS: readonly NodeSetKind[] = ['tasks', 'networks', 'services', 'files'];
/** Endpoints of a service are the same object for all nodes: its text is made once. */
const texts = new WeakMap<NodeSetItem, string>();

/** The `desired` message. */
export function encodeDesired(seq: number, items: NodeSetItems): string {
  return `{"type":"desired","seq":${seq},"items":${encodeItems(items)}}`;
}

/** A `delta` message. */
export function encodeDelta(seq: number, { put, remove }: Delta): string {
  return `{"type":"delta","seq":${seq},"put":${encodeItems(put)},"remove":${JSON.stringify(remove)}}`;
}

function encodeItems(items: Readonly<Record<NodeSetKind, readonly NodeSetItem[]>>): string {
  return `{${KINDS.map((kind) => `"${kind}":[${items[kind].map(encodeItem).join(',')}]`).join(',')}}`;
}

function encodeItem(item: NodeSetItem): string {
  let text = texts.get(item);
  if (text === undefined) texts.set(item, (text = JSON.stringify(item)));
  return text;
}
