import { type Kind, OBJECT_SCHEMAS } from '@tessera/api';

/** Key space of one cluster in the store. */
export interface Keys {
  /** All objects and name keys begin with it. */
  readonly objects: string;
  /** Held by the manager that leads. */
  readonly leader: string;
  object(kind: Kind, id: string): string;
  /** Holds the id of the object with this name: makes names unique. */
  name(kind: Kind, name: string): string;
  /** What a key under `objects` stands for; undefined for name keys and kinds of a newer version. */
  parse(key: string): { kind: Kind; id: string } | undefined;
}

/** The first part of all keys, so that a store may serve others too. */
export const DEFAULT_PREFIX = 'tessera';

export function clusterKeys(prefix: string = DEFAULT_PREFIX): Keys {
  const objects = `${prefix}/v1/`;
  return {
    objects,
    leader: `${prefix}/leader`,
    object: (kind, id) => `${objects}${kind}/${id}`,
    name: (kind, name) => `${objects}names/${kind}/${name}`,
    parse(key) {
      const [kind, id, ...rest] = key.slice(objects.length).split('/');
      if (kind === undefined || id === undefined || rest.length > 0 || !isKind(kind)) return undefined;
      return { kind, id };
    },
  };
}

function isKind(text: string): text is Kind {
  return Object.hasOwn(OBJECT_SCHEMAS, text);
}
