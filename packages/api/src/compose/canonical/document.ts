import { isNull, type MapNode, mapNode, scalarNode, withEntry } from '../yaml/node.js';
import { canonicalList, canonicalPairs, canonicalText, chain, eachItem, eachValue, keys } from './collections.js';
import type { CanonicalContext, Canonicalizer } from './context.js';
import { canonicalPath, canonicalService } from './service.js';

const emptyMap: Canonicalizer = (node) => (isNull(node) && node.tag === undefined ? mapNode({}, node.at) : node);

/** `external: {name: n}`, the old form, as `external: true` and `name: n`. */
const canonicalExternal: Canonicalizer = (node) => {
  if (node.kind !== 'map') return node;
  const external = node.entries.get('external')?.value;
  if (external?.kind !== 'map') return node;
  const name = external.entries.get('name')?.value;
  const flagged = withEntry(node, 'external', scalarNode(true, external.at));
  return name === undefined || node.entries.has('name') ? flagged : withEntry(flagged, 'name', name);
};

const resource = chain(emptyMap, canonicalExternal, keys({ labels: canonicalPairs, driver_opts: canonicalPairs, file: canonicalPath }));

const canonicalInclude = eachItem(
  chain(
    canonicalText('path'),
    keys({
      path: chain(canonicalList, eachItem(canonicalPath)),
      env_file: chain(canonicalList, eachItem(canonicalPath)),
      project_directory: canonicalPath,
    }),
  ),
);

const documentKeys = keys({
  services: chain(emptyMap, eachValue(canonicalService)),
  networks: chain(emptyMap, eachValue(resource)),
  volumes: chain(emptyMap, eachValue(resource)),
  configs: chain(emptyMap, eachValue(resource)),
  secrets: chain(emptyMap, eachValue(resource)),
  models: emptyMap,
  include: canonicalInclude,
});

/** A document that passed the schema in its one canonical form, ready to be merged and converted. */
export function canonicalDocument(root: MapNode, context: CanonicalContext): MapNode {
  const document = documentKeys(root, [], context);
  return document.kind === 'map' ? document : root;
}
