import { NODE_SET_KINDS, type NodeSetItems, type NodeSetKind } from '@tessera/api';
import type { Delta } from '../feed/node-feed.js';
import type { NodeSetItem } from '../feed/projector.js';

/** Endpoints of a service are the same object for all nodes: its text is made once. Other items go to one node. */
const sharedTexts = new WeakMap<NodeSetItem, string>();

/** The `desired` message. */
export function encodeDesired(seq: number, items: NodeSetItems): string {
  return `{"type":"desired","seq":${seq},"items":${encodeItems(items)}}`;
}

/** A `delta` message. */
export function encodeDelta(seq: number, { put, remove }: Delta): string {
  return `{"type":"delta","seq":${seq},"put":${encodeItems(put)},"remove":${JSON.stringify(remove)}}`;
}

function encodeItems(items: Readonly<Record<NodeSetKind, readonly NodeSetItem[]>>): string {
  const parts = NODE_SET_KINDS.map(
    (kind) => `"${kind}":${kind === 'services' ? encodeShared(items.services) : JSON.stringify(items[kind])}`,
  );
  return `{${parts.join(',')}}`;
}

function encodeShared(items: readonly NodeSetItem[]): string {
  const texts = items.map((item) => {
    let text = sharedTexts.get(item);
    if (text === undefined) sharedTexts.set(item, (text = JSON.stringify(item)));
    return text;
  });
  return `[${texts.join(',')}]`;
}
