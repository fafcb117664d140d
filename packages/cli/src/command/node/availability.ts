import type { Node } from '@tessera/api';
import type { Session } from '../../session.js';
import { onlyExisting } from '../lookup.js';

export async function setAvailability(
  session: Session,
  references: readonly string[],
  availability: Node['spec']['availability'],
): Promise<Node[]> {
  const client = await session.client();
  const nodes: Node[] = [];
  for (const ref of references) {
    nodes.push(await onlyExisting(client.call('updateNode', { params: { ref }, body: { availability } }), 'node', ref));
  }
  return nodes;
}
