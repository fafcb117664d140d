import type { Path } from '../diagnostic.js';
import { type ComposeNode, type MapNode, mapNode, scalarNode, withEntry } from '../yaml/node.js';
import { canonicalPairs, keys, textOf } from './collections.js';
import { absolutePath, type CanonicalContext, type Canonicalizer, reject } from './context.js';

const PROPAGATIONS = ['shared', 'slave', 'private', 'rshared', 'rslave', 'rprivate'];
const CONSISTENCIES = ['consistent', 'cached', 'delegated'];

/** A mount in its long form, with the source of a bind as an absolute path. */
export const canonicalVolume: Canonicalizer = (node, path, context) => {
  if (node.kind === 'map') return longVolume(node, path, context);
  return node.kind === 'scalar' ? shortVolume(textOf(node), node, path, context) : node;
};

const volumeKeys = keys({ volume: keys({ labels: canonicalPairs }) });

function longVolume(node: MapNode, path: Path, context: CanonicalContext): ComposeNode {
  const source = node.entries.get('source')?.value;
  const volume = volumeKeys(node, path, context) as MapNode;
  if (textOf(node.entries.get('type')?.value) !== 'bind' || source === undefined) return volume;
  return withEntry(volume, 'source', scalarNode(absolutePath(textOf(source), source.at, [...path, 'source'], context), source.at));
}

/** `[source:]target[:mode,…]`. What starts with `/`, `.` or `~` is a path of the host, else a volume's name. */
function shortVolume(text: string, node: ComposeNode, path: Path, context: CanonicalContext): ComposeNode {
  const parts = splitVolume(text);
  if (parts.length > 3 || parts.some((part) => part === '')) {
    reject(context, node.at, path, `"${text}" is not a mount`, 'write [source:]target[:mode], such as data:/var/lib/data:ro');
    return mapNode({}, node.at);
  }
  const [source, target] = parts.length === 1 ? [undefined, parts[0]] : parts;
  const isPath = source !== undefined && /^([./~\\]|[A-Za-z]:[\\/])/.test(source);
  const isPipe = source?.startsWith('\\\\.\\pipe') === true;
  const scalar = (value: string | boolean) => scalarNode(value, node.at);
  const hostPath = isPath && !/^([A-Za-z]:|\\)/.test(source) ? absolutePath(source, node.at, path, context) : source;
  const mount = mapNode(
    {
      type: scalar(isPipe ? 'npipe' : isPath ? 'bind' : 'volume'),
      source: hostPath === undefined ? undefined : scalar(hostPath),
      target: scalar(target ?? ''),
      bind: isPath && !isPipe ? mapNode({ create_host_path: scalar(true) }, node.at) : undefined,
    },
    node.at,
  );
  return (parts[2]?.split(',') ?? []).reduce((current, mode) => withMode(current, mode, text, path, context), mount);
}

/** Splits at colons, but not at that of a Windows drive. */
function splitVolume(text: string): string[] {
  return text.split(/(?<!^[A-Za-z]|:[A-Za-z]):|(?<=^[A-Za-z]|:[A-Za-z]):(?![\\/])/);
}

function withMode(mount: MapNode, mode: string, text: string, path: Path, context: CanonicalContext): MapNode {
  const scalar = (value: string | boolean) => scalarNode(value, mount.at);
  const inner = (key: string, name: string, value: string | boolean) => {
    const group = mount.entries.get(key)?.value;
    return withEntry(mount, key, withEntry(group?.kind === 'map' ? group : mapNode({}, mount.at), name, scalar(value)));
  };
  if (mode === 'ro' || mode === 'rw') return withEntry(mount, 'read_only', scalar(mode === 'ro'));
  if (mode === 'z' || mode === 'Z') return inner('bind', 'selinux', mode);
  if (mode === 'nocopy') return inner('volume', 'nocopy', true);
  if (PROPAGATIONS.includes(mode)) return inner('bind', 'propagation', mode);
  if (CONSISTENCIES.includes(mode)) return withEntry(mount, 'consistency', scalar(mode));
  reject(
    context,
    mount.at,
    path,
    `"${text}": '${mode}' is not a mount mode`,
    'known are ro, rw, z, Z, nocopy, and the propagations such as rshared',
  );
  return mount;
}
