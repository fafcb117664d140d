import type { Node } from '@tessera/api';
import { imageName } from '@tessera/api/placement/image-name';
import type { Column } from './column.js';
import type { NodeTable } from './node-table.js';

/** 1 for nodes that have the image already. */
export function imageColumn(table: NodeTable, image: string): Column {
  const name = imageName(image);
  return table.column(`image ${name}`, (node) => (has(node, name) ? 1 : 0));
}

/** 1 for each node, by index, that has the image already; nothing when that tells none of them from another. */
export function holdsImage(table: NodeTable, image: string, indices: readonly number[]): Uint8Array | undefined {
  const column = imageColumn(table, image);
  const holds = new Uint8Array(table.size);
  let count = 0;
  for (const index of indices) if ((holds[index] = column.at(index)) === 1) count++;
  return count === 0 || count === indices.length ? undefined : holds;
}

function has(node: Node, name: string): boolean {
  return node.description?.images?.includes(name) ?? false;
}
