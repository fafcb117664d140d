import { KINDS, type Kind, OBJECT_SCHEMAS } from '@tessera/api';

/** Key space of one cluster in the store. */
export interface Keys {
  /** All objects and name keys begin with it. */
  readonly objects: string;
  /** Held by the manager that leads. */
  readonly leader: string;
  /** Written by who wants to know how far the store is: its revision comes back by the watch of the objects, after all before it. */
  readonly mark: string;
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
  const prefixes = Object.fromEntries(KINDS.map((kind) => [kind, `${objects}${kind}/`])) as Record<Kind, string>;
  return {
    objects,
    leader: `${prefix}/leader`,
    mark: `${objects}mark`,
    // By `join` it is one string: by `+` it would be two that whoever looks it up has to walk through, again and again.
    object: (kind, id) => [prefixes[kind], id].join(''),
    name: (kind, name) => `${objects}names/${kind}/${name}`,
    parse(key) {
      const slash = key.indexOf('/', objects.length);
      const kind = key.slice(objects.length, slash);
      if (slash < 0 || key.includes('/', slash + 1) || !isKind(kind)) return undefined;
      return { kind, id: key.slice(slash + 1) };
    },
  };
}

function isKind(text: string): text is Kind {
  return Object.hasOwn(OBJECT_SCHEMAS, text);
}
