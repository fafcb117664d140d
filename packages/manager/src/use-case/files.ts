import { createHash } from 'node:crypto';
import { ApiError, type Config, canonicalJson, type FileSpec, MAX_CONFIG_BYTES, MAX_SECRET_BYTES } from '@tessera/api';
import { newId } from '@tessera/kit';
import type { ClusterView } from '../model/view.js';
import { commitPlan } from './commit.js';
import type { UseCaseContext } from './context.js';
import { NOUNS, resolve } from './references.js';

export type FileKind = 'configs' | 'secrets';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export interface FileMaking {
  now: number;
  newId(): string;
}

/** The object of a new or changed config or secret; the one of before when nothing changed. @throws ApiError `invalid-spec` or `too-large`. */
export function makeFile(kind: FileKind, spec: FileSpec, before: Config | undefined, { now, newId }: FileMaking): Config {
  if (before && canonicalJson(before.spec) === canonicalJson(spec)) return before;
  const hash = hashContent(kind, spec);
  return { id: before?.id ?? newId(), revision: 0, createdAt: before?.createdAt ?? now, updatedAt: now, spec, hash };
}

export function listFiles(context: UseCaseContext, kind: FileKind): Config[] {
  return [...context.store.view.all(kind)].map((file) => withoutSecret(kind, file)).sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
}

/** @throws ApiError `already-exists` or `invalid-spec`. */
export async function createFile(context: UseCaseContext, kind: FileKind, spec: FileSpec): Promise<Config> {
  const { clock, random, store } = context;
  const file = makeFile(kind, spec, undefined, { now: clock.now(), newId: () => newId(random) });
  await commitPlan(context, () => ({ units: [[{ type: 'put', kind, object: file, expect: 'absent' }]], result: undefined }));
  return withoutSecret(kind, store.view.get(kind, file.id) ?? file);
}

/** @throws ApiError `not-found`, `ambiguous`, or `in-use` naming the services. */
export async function removeFile(context: UseCaseContext, kind: FileKind, ref: string): Promise<void> {
  await commitPlan(context, (view) => {
    const file = resolve(view, kind, ref);
    const users = usersOf(view, kind, file.spec.name);
    if (users.length > 0) {
      throw new ApiError(
        'in-use',
        `${NOUNS[kind]} '${file.spec.name}' is used by ${users.length === 1 ? 'a service' : `${users.length} services`}`,
        {
          cure: 'remove it from them first',
          details: users,
        },
      );
    }
    return { units: [[{ type: 'delete', kind, id: file.id, expect: { revision: file.revision } }]], result: undefined };
  });
}

/** Hash by name of each config and secret that a container mounts. A name that both kinds have gets both hashes. */
export function fileHashesOf(
  container: { configs: readonly { source: string }[]; secrets: readonly { source: string }[] },
  hashOf: (kind: FileKind, name: string) => string | undefined,
): Record<string, string> {
  const hashes: Record<string, string> = {};
  for (const kind of ['configs', 'secrets'] as const) {
    for (const name of new Set(container[kind].map((file) => file.source))) {
      const hash = hashOf(kind, name);
      if (hash !== undefined) hashes[name] = Object.hasOwn(hashes, name) ? `${hashes[name]}+${hash}` : hash;
    }
  }
  return hashes;
}

export function withoutSecret(kind: FileKind, file: Config): Config {
  return kind === 'secrets' ? { ...file, spec: { ...file.spec, data: '' } } : file;
}

function hashContent(kind: FileKind, spec: FileSpec): string {
  if (!BASE64.test(spec.data)) throw new ApiError('invalid-spec', `the content of ${NOUNS[kind]} '${spec.name}' is not base64`);
  const content = Buffer.from(spec.data, 'base64');
  const limit = kind === 'secrets' ? MAX_SECRET_BYTES : MAX_CONFIG_BYTES;
  if (content.length > limit)
    throw new ApiError('too-large', `${NOUNS[kind]} '${spec.name}' has ${content.length} bytes, and ${limit} is the most`);
  return createHash('sha256').update(content).digest('hex');
}

function usersOf(view: ClusterView, kind: FileKind, name: string): string[] {
  return [...view.all('services')]
    .filter((service) => service.spec.template.container[kind].some((file) => file.source === name))
    .map((service) => service.spec.name);
}
