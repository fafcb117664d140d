import type { NodeSession } from '@tessera/api';

/** Whether both are the same session of a node, or both none. */
export function sameSession(one: NodeSession | undefined, other: NodeSession | undefined): boolean {
  return one?.manager === other?.manager && one?.epoch === other?.epoch;
}
