import { ApiError, certificateFiles, type Service } from '@tessera/api';
import type { ClusterView } from '../../model/view.js';
import { NOUNS } from '../references.js';

/** Kinds of objects that belong to a stack. */
export type StackKind = 'services' | 'networks' | 'configs' | 'secrets';
export const STACK_KINDS = ['networks', 'configs', 'secrets', 'services'] as const satisfies readonly StackKind[];

/** @throws ApiError `already-exists` when an object of this name belongs to another stack or to none. */
export function refuseForeign(view: ClusterView, kind: StackKind, name: string, stack: string): void {
  const owner = view.byName(kind, name);
  if (!owner || owner.spec.stack === stack) return;
  const whose = owner.spec.stack === undefined ? 'to no stack' : `to stack '${owner.spec.stack}'`;
  throw new ApiError('already-exists', `${NOUNS[kind]} '${name}' exists already and belongs ${whose}`, {
    cure: 'choose another name, or remove it first',
  });
}

export interface Owned {
  kind: StackKind;
  id: string;
  name: string;
  revision: number;
}

/** What carries the stack's name. */
export function ownedBy(view: ClusterView, kind: StackKind, stack: string): Owned[] {
  const objects =
    kind === 'services' ? [...view.servicesOfStack(stack)] : [...view.all(kind)].filter((object) => object.spec.stack === stack);
  return objects.map((object) => ({ kind, id: object.id, name: object.spec.name, revision: object.revision }));
}

/** @throws ApiError `in-use` when a service outside of the stack needs something of what is to be removed. */
export function refuseUsedElsewhere(view: ClusterView, removed: readonly Owned[], stack: string): void {
  const names = new Set(removed.map(({ kind, name }) => `${kind}/${name}`));
  for (const service of view.all('services')) {
    if (service.spec.stack === stack) continue;
    const needed = needsOf(service).find((need) => names.has(need));
    if (needed === undefined) continue;
    const [kind, name] = needed.split('/') as [StackKind, string];
    throw new ApiError(
      'in-use',
      `${NOUNS[kind]} '${name}' of stack '${stack}' is used by service '${service.spec.name}', which is not part of the stack`,
      {
        cure: 'remove it from that service first',
      },
    );
  }
}

function needsOf({ spec: { template, http = [] } }: Service): string[] {
  const { networks, container } = template;
  return [
    ...networks.map(({ network }) => `networks/${network}`),
    ...container.configs.map(({ source }) => `configs/${source}`),
    ...container.secrets.map(({ source }) => `secrets/${source}`),
    ...http.flatMap(({ tls }) => certificateFiles(tls)).map(({ kind, name }) => `${kind}/${name}`),
  ];
}
