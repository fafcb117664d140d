import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { type FileReference, type FileSpec, MAX_CONFIG_BYTES, MAX_SECRET_BYTES } from '../../spec/index.js';
import { toBase64 } from '../base64.js';
import type { Path } from '../diagnostic.js';
import { type ConvertContext, filled } from './context.js';
import type { ComposeFile, ComposeService } from './model.js';

type Section = 'configs' | 'secrets';

const MAX_BYTES = { configs: MAX_CONFIG_BYTES, secrets: MAX_SECRET_BYTES } as const;
const FOLDER = { configs: '/', secrets: '/run/secrets/' } as const;
const DEFAULT_MODE = 0o444;

/** The configs or secrets that the stack owns, with their content. External ones are known by name alone. */
export function convertFiles(section: Section, context: ConvertContext): FileSpec[] {
  return Object.entries(context.model[section] ?? {}).flatMap(([key, file]) => {
    const path = [section, key];
    const name = context.fullName(key, file);
    context.checkName(section.slice(0, -1), name, path);
    checkSources(section, file, path, context);
    if (file.external) return [];
    const bytes = context.contents.get(`${section}.${key}`) ?? new Uint8Array();
    checkSize(section, bytes, path, context);
    return [{ name, stack: context.stack, labels: filled(file.labels), data: toBase64(bytes) }];
  });
}

function checkSources(section: Section, file: ComposeFile, path: Path, context: ConvertContext): void {
  const sources = (['file', 'environment', 'content'] as const).filter((key) => file[key] !== undefined);
  const allowed = section === 'configs' ? 'file, environment or content' : 'file or environment';
  if (file.driver !== undefined) return;
  if (file.external && sources.length > 0)
    context.error([...path, 'external'], `an external ${section.slice(0, -1)} has no ${sources[0]}`, 'keep one of them');
  else if (!file.external && sources.length === 0) context.error(path, `nothing says what it holds: give ${allowed}, or external: true`);
  else if (sources.length > 1) context.error(path, `${sources.join(' and ')} exclude each other`, 'keep one of them');
}

function checkSize(section: Section, bytes: Uint8Array, path: Path, context: ConvertContext): void {
  const max = MAX_BYTES[section];
  if (bytes.length > max)
    context.error(path, `holds ${bytes.length} bytes; a ${section.slice(0, -1)} holds ${max} at most`, undefined, 'too-large');
  if (bytes.length === 0 && context.contents.has(path.join('.')))
    context.error(path, 'is empty', `give the ${section.slice(0, -1)} at least one byte`);
}

/** The configs or secrets that a service sees, and where. */
export function convertFileReferences(section: Section, service: ComposeService, path: Path, context: ConvertContext): FileReference[] {
  const targets = new Set<string>();
  return (service[section] ?? []).flatMap((reference, index) => {
    const place = [...path, section, index];
    const key = reference.source;
    if (key === undefined) {
      context.error(place, "the key 'source' is missing", undefined, 'missing-key');
      return [];
    }
    if (!context.requireDeclared(section, key, place)) return [];
    const target = reference.target ?? key;
    const absolute = target.startsWith('/') ? target : `${FOLDER[section]}${target}`;
    if (targets.has(absolute))
      context.error(place, `two ${section} have the target "${absolute}"`, 'give one another target', 'duplicate-target');
    targets.add(absolute);
    return [
      {
        source: context.fullName(key, context.model[section]?.[key]),
        target: absolute,
        uid: reference.uid ?? '0',
        gid: reference.gid ?? '0',
        mode: reference.mode ?? DEFAULT_MODE,
      },
    ];
  });
}

/** Hash of each of the service's own files by full name: new content makes a new template, and so new tasks. */
export function fileHashes(service: ComposeService, context: ConvertContext): Record<string, string> {
  const hashes: Record<string, string> = {};
  for (const section of ['configs', 'secrets'] as const) {
    for (const { source = '' } of service[section] ?? []) {
      const bytes = context.contents.get(`${section}.${source}`);
      if (bytes !== undefined) hashes[context.fullName(source, context.model[section]?.[source])] = bytesToHex(sha256(bytes));
    }
  }
  return hashes;
}
