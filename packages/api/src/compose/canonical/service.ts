import { splitWords, UnfinishedQuote } from '../shell-words.js';
import { type ComposeNode, listNode, mapNode, scalarNode, withEntry } from '../yaml/node.js';
import { canonicalList, canonicalNames, canonicalPairs, canonicalText, chain, eachItem, eachValue, keys, textOf } from './collections.js';
import { absolutePath, type Canonicalizer, reject } from './context.js';
import { canonicalPorts } from './ports.js';
import { canonicalVolume } from './volumes.js';

/** A command line as its words; a list stays, and null stays: the image's own. */
const canonicalCommand: Canonicalizer = (node, path, context) => {
  if (node.kind !== 'scalar' || node.value === null) return node;
  try {
    return listNode(
      splitWords(textOf(node)).map((part) => scalarNode(part, node.at)),
      node.at,
      node.tag,
    );
  } catch (error) {
    if (!(error instanceof UnfinishedQuote)) throw error;
    reject(context, node.at, path, error.message, 'close the quote, or write the command as a list');
    return listNode([], node.at);
  }
};

/** A line for the shell as `[CMD-SHELL, line]`. */
const canonicalTest: Canonicalizer = (node) =>
  node.kind === 'scalar' && node.value !== null
    ? listNode([scalarNode('CMD-SHELL', node.at), { ...node, tag: undefined }], node.at, node.tag)
    : node;

/** A file of another machine: by URL, or by Git's own form. */
const REMOTE = /^[a-z]+:\/\/|^git@/;

/** The path of a file as seen from the Compose file's folder. */
export const canonicalPath: Canonicalizer = (node, path, context) => {
  if (node.kind !== 'scalar') return node;
  const text = textOf(node);
  if (REMOTE.test(text))
    reject(context, node.at, path, `"${text}" is not on this machine, and nothing is fetched`, 'fetch it first and give its path');
  return scalarNode(absolutePath(text, node.at, path, context), node.at);
};

/** `/dev/a:/dev/b:rwm` as a map; a CDI name such as `vendor.com/gpu=all` is the source alone. */
const canonicalDevice: Canonicalizer = (node, path, context) => {
  if (node.kind !== 'scalar') return node;
  const text = textOf(node);
  const parts = text.includes('=') && !text.startsWith('/') ? [text] : text.split(':');
  if (parts.length > 3 || parts.some((part) => part === ''))
    reject(context, node.at, path, `"${text}" is not a device`, 'write source[:target[:permissions]], such as /dev/fuse:/dev/fuse:rwm');
  const at = (index: number) => (parts[index] === undefined ? undefined : scalarNode(parts[index], node.at));
  return mapNode({ source: at(0), target: at(1), permissions: at(2) }, node.at);
};

const canonicalUlimit: Canonicalizer = (node) => (node.kind === 'scalar' ? mapNode({ soft: node, hard: node }, node.at) : node);

const canonicalGpus: Canonicalizer = (node) =>
  node.kind === 'scalar' && node.value !== null
    ? listNode([mapNode({ count: scalarNode('all', node.at) }, node.at)], node.at, node.tag)
    : node;

/** `name:address` or `name=address` as a map from each name to its addresses. */
const canonicalHosts: Canonicalizer = (node, path, context) => {
  if (node.kind === 'map') return eachValue(canonicalList)(node, path, context);
  if (node.kind !== 'list') return node;
  const addresses = new Map<string, ComposeNode[]>();
  node.items.forEach((item, index) => {
    const match = /^([^=:]+)[=:](.+)$/.exec(textOf(item));
    const [, name = '', address = ''] = match ?? [];
    if (match === null) reject(context, item.at, [...path, index], `"${textOf(item)}" is not a host`, 'write name:address or name=address');
    else addresses.set(name, [...(addresses.get(name) ?? []), scalarNode(address, item.at)]);
  });
  const lists = [...addresses].map(([name, items]) => [name, listNode(items, items[0]?.at ?? node.at)] as const);
  return mapNode(Object.fromEntries(lists), node.at, node.tag);
};

const started = canonicalNames((item) => mapNode({ condition: scalarNode('service_started', item.at) }, item.at));
const attached = canonicalNames((item) => scalarNode(null, item.at));

const affinityTerms = eachItem(chain(canonicalText('service'), keys({ labels: canonicalPairs })));

const httpRule = chain(canonicalText('host'), keys({ host: canonicalList, tls: canonicalText('mode') }));

const canonicalReferences = eachItem(canonicalText('source'));

/** Gives a long bind its default: the host's folder is made when it is missing. Source: Compose specification, `volumes.bind.create_host_path`. */
const withBindDefaults: Canonicalizer = (node, path, context) => {
  const mount = canonicalVolume(node, path, context);
  if (mount.kind !== 'map' || textOf(mount.entries.get('type')?.value) !== 'bind') return mount;
  const bind = mount.entries.get('bind')?.value ?? mapNode({}, mount.at);
  if (bind.kind !== 'map' || bind.entries.has('create_host_path')) return mount;
  return withEntry(mount, 'bind', withEntry(bind, 'create_host_path', scalarNode(true, mount.at)));
};

/** A service with every short form opened, relative paths made absolute and maps of texts made of texts. */
export const canonicalService: Canonicalizer = keys({
  annotations: canonicalPairs,
  build: chain(canonicalText('context'), keys({ args: canonicalPairs, labels: canonicalPairs })),
  command: canonicalCommand,
  configs: canonicalReferences,
  depends_on: started,
  deploy: keys({
    labels: canonicalPairs,
    resources: keys({ reservations: keys({ devices: eachItem(keys({ options: canonicalPairs })) }) }),
  }),
  devices: eachItem(canonicalDevice),
  dns: canonicalList,
  dns_search: canonicalList,
  entrypoint: canonicalCommand,
  env_file: chain(canonicalList, eachItem(chain(canonicalText('path'), keys({ path: canonicalPath })))),
  environment: canonicalPairs,
  extends: chain(canonicalText('service'), keys({ file: canonicalPath })),
  extra_hosts: canonicalHosts,
  gpus: chain(canonicalGpus, eachItem(keys({ options: canonicalPairs }))),
  healthcheck: keys({ test: canonicalTest }),
  label_file: chain(canonicalList, eachItem(canonicalPath)),
  labels: canonicalPairs,
  logging: keys({ options: canonicalPairs }),
  models: attached,
  networks: attached,
  ports: canonicalPorts,
  secrets: canonicalReferences,
  storage_opt: canonicalPairs,
  sysctls: canonicalPairs,
  tmpfs: canonicalList,
  ulimits: eachValue(canonicalUlimit),
  volumes: eachItem(withBindDefaults),
  'x-affinity': keys({ near: affinityTerms, apart: affinityTerms }),
  'x-http': chain(canonicalList, eachItem(httpRule)),
});
