import type { MountSpec } from '../../spec/index.js';
import type { Path } from '../diagnostic.js';
import { parseSize } from '../units/size.js';
import { type ConvertContext, compact, filled } from './context.js';
import type { ComposeMount, ComposeService, ComposeVolume } from './model.js';

/** Mounts of `volumes` and `tmpfs`. */
export function convertMounts(service: ComposeService, path: Path, context: ConvertContext): MountSpec[] {
  const volumes = (service.volumes ?? []).map((mount, index) => ({
    mount: convertMount(mount, [...path, 'volumes', index], context),
    place: [...path, 'volumes', index],
  }));
  const tmpfs = (service.tmpfs ?? []).map((text, index) => ({
    mount: convertTmpfs(text, [...path, 'tmpfs', index], context),
    place: [...path, 'tmpfs', index],
  }));
  const targets = new Set<string>();
  for (const { mount, place } of [...volumes, ...tmpfs]) {
    if (!/^(\/|[A-Za-z]:[\\/]|\\\\)/.test(mount.target)) context.error(place, `"${mount.target}" is not an absolute path of the container`);
    if (targets.has(mount.target)) context.error(place, `two mounts have the target "${mount.target}"`, 'take one out', 'duplicate-target');
    targets.add(mount.target);
  }
  return [...volumes, ...tmpfs].map(({ mount }) => mount);
}

function convertMount(mount: ComposeMount, path: Path, context: ConvertContext): MountSpec {
  checkSource(mount, path, context);
  if (mount.bind?.selinux !== undefined)
    context.warn(path, `the SELinux label '${mount.bind.selinux}' is not set`, 'label the folder on the nodes');
  const declared = mount.type === 'volume' && mount.source ? namedVolume(mount.source, path, context) : undefined;
  return compact({
    type: mount.type,
    source: declared === undefined ? mount.source || undefined : context.fullName(mount.source ?? '', declared),
    target: mount.target,
    readOnly: mount.read_only,
    consistency: mount.consistency,
    bind:
      mount.bind && mount.type === 'bind'
        ? compact({ propagation: mount.bind.propagation, createHostPath: mount.bind.create_host_path, recursive: mount.bind.recursive })
        : undefined,
    volume: volumeOptions(mount, declared),
    tmpfs: mount.tmpfs && compact({ sizeBytes: mount.tmpfs.size, mode: mount.tmpfs.mode }),
  });
}

function checkSource(mount: ComposeMount, path: Path, context: ConvertContext): void {
  if (mount.type === 'cluster')
    context.error([...path, 'type'], "cluster volumes are Swarm's own", 'name a volume with a driver that reaches shared storage');
  if (mount.type === 'tmpfs' && mount.source) context.error([...path, 'source'], 'a tmpfs mount has no source');
  if (mount.type !== 'tmpfs' && mount.type !== 'volume' && !mount.source) context.error(path, `a ${mount.type} mount needs a source`);
}

/** The top-level volume of a mount; undefined after an error was reported. */
function namedVolume(source: string, path: Path, context: ConvertContext): ComposeVolume | undefined {
  return context.requireDeclared('volumes', source, path) ? (context.model.volumes?.[source] ?? {}) : undefined;
}

function volumeOptions(mount: ComposeMount, declared: ComposeVolume | undefined): MountSpec['volume'] {
  const options = compact({
    noCopy: mount.volume?.nocopy,
    subpath: mount.volume?.subpath ?? mount.image?.subpath,
    labels: mount.volume?.labels || declared?.labels ? { ...filled(declared?.labels), ...filled(mount.volume?.labels) } : undefined,
    driver: declared?.driver,
    driverOptions: declared?.driver_opts && filled(declared.driver_opts),
  });
  return Object.keys(options).length === 0 ? undefined : options;
}

/** `/run` or `/run:size=64m,mode=1777`. */
function convertTmpfs(text: string, path: Path, context: ConvertContext): MountSpec {
  const colon = text.indexOf(':');
  const target = colon < 0 ? text : text.slice(0, colon);
  const tmpfs: NonNullable<MountSpec['tmpfs']> = {};
  let readOnly: boolean | undefined;
  for (const option of colon < 0 ? [] : text.slice(colon + 1).split(',')) {
    const [key, value = ''] = option.split('=');
    if (key === 'size') tmpfs.sizeBytes = parseSize(value) ?? failed(path, `"${value}" is not a size`, context);
    else if (key === 'mode')
      tmpfs.mode = /^[0-7]{1,4}$/.test(value) ? Number.parseInt(value, 8) : failed(path, `"${value}" is not a file mode`, context);
    else if (key === 'ro' || key === 'rw') readOnly = key === 'ro';
    else context.warn(path, `the tmpfs option '${option}' is not set`, 'known are size, mode, ro and rw');
  }
  return compact({ type: 'tmpfs' as const, target, readOnly, tmpfs: Object.keys(tmpfs).length === 0 ? undefined : tmpfs });
}

function failed(path: Path, message: string, context: ConvertContext): number {
  context.error(path, message);
  return 0;
}
