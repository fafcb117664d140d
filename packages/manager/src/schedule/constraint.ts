import type { Node } from '@tessera/api';
import { normaliseArchitecture } from '@tessera/api/placement/architecture';
import type { Constraint } from '@tessera/api/placement/constraint';

/** Whether a node fulfils a constraint. A missing attribute is the empty text. */
export function holds(constraint: Constraint, node: Node): boolean {
  return constraint.matches(attributeOf(node, constraint.key));
}

/** Value of an attribute (`node.labels.zone`, `node.hostname`…) of a node: empty when it has none. */
export function attributeOf(node: Node, key: string): string {
  if (key.startsWith('node.labels.')) return node.spec.labels[key.slice('node.labels.'.length)] ?? '';
  if (key.startsWith('engine.labels.')) return node.description?.engine.labels[key.slice('engine.labels.'.length)] ?? '';
  switch (key) {
    case 'node.id':
      return node.id;
    case 'node.hostname':
      return node.description?.hostname ?? node.name;
    case 'node.ip':
      return node.description?.address ?? '';
    case 'node.role':
      return node.spec.role;
    case 'node.platform.os':
      return node.description?.platform.os ?? '';
    case 'node.platform.arch':
      return normaliseArchitecture(node.description?.platform.architecture ?? '');
    default:
      return '';
  }
}
