import { createHash } from 'node:crypto';
import {
  ApiError,
  type Config,
  canonicalJson,
  certificateFiles,
  contentId,
  type FileSpec,
  HTTP_CONFIG,
  MAX_CONFIG_BYTES,
  MAX_SECRET_BYTES,
  type ServiceSpec,
} from '@tessera/api';
import { newId } from '@tessera/kit';
import type { ClusterView } from '../model/view.js';
import { isContentNamed } from '../plan/contents.js';
import type { ClusterStore } from '../ports/store.js';
import { type CommitContext, commitPlan, type Unit } from './commit.js';
import type { UseCaseContext } from './context.js';
import { NOUNS, resolve } from './references.js';

export type FileKind = 'configs' | 'secrets';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export interface FileMaking {
  now: number;
  newId(): string;
  fingerprint: ClusterStore['fingerprint'];
}

/** What making files takes of the context. */
export function fileMaking({ store, clock, random }: CommitContext): FileMaking {
  return { now: clock.now(), newId: () => newId(random), fingerprint: (content) => store.fingerprint(content) };
}

/** A config or secret, and its content when the store has to be told of it. */
export interface FileChange {
  file: Config;
  /** To be written before what names the content. */
  content: Unit;
}

/**
 * A new or changed config or secret; the one of before when nothing changed. Content that nobody names at the moment is
 * written again, as it may be about to be collected.
 * @throws ApiError `invalid-spec` or `too-large`.
 */
export function makeFile(view: ClusterView, kind: FileKind, spec: FileSpec, before: Config | undefined, making: FileMaking): FileChange {
  const { now, newId } = making;
  if (kind === 'secrets' && spec.name === HTTP_CONFIG)
    throw new ApiError('invalid-spec', `secret '${HTTP_CONFIG}' is made by the managers themselves`, { cure: 'choose another name' });
  const hash = hashOf(kind, contentIn(kind, spec), before, making);
  const head: FileSpec = { ...spec, data: '' };
  if (before && before.hash === hash && canonicalJson(before.spec) === canonicalJson(head)) return { file: before, content: [] };
  const file = { id: before?.id ?? newId(), revision: 0, createdAt: before?.createdAt ?? now, updatedAt: now, spec: head, hash };
  return { file, content: contentUnit(view, kind, hash, spec.data, now) };
}

function contentUnit(view: ClusterView, kind: FileKind, hash: string, data: string, now: number): Unit {
  const id = contentId(kind, hash);
  const stored = view.get('contents', id);
  if (stored && isContentNamed(view, id)) return [];
  const object = { id, revision: 0, createdAt: now, updatedAt: now, secret: kind === 'secrets', hash, data };
  return [{ type: 'put', kind: 'contents', object, expect: stored ? { revision: stored.revision } : 'absent' }];
}

export function listFiles({ store: { view } }: UseCaseContext, kind: FileKind): Config[] {
  return [...view.all(kind)].map((file) => withContent(view, kind, file)).sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
}

/** @throws ApiError `already-exists` or `invalid-spec`. */
export async function createFile(context: UseCaseContext, kind: FileKind, spec: FileSpec): Promise<Config> {
  const { clock, random, store } = context;
  const { result } = await commitPlan(context, (view) => {
    const { file, content } = makeFile(view, kind, spec, undefined, fileMaking({ store, clock, random }));
    return { units: [content, [{ type: 'put', kind, object: file, expect: 'absent' }]], result: file };
  });
  return withContent(store.view, kind, store.view.get(kind, result.id) ?? result);
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

/** A config as people see it; the content of a secret is never given away. */
function withContent(view: ClusterView, kind: FileKind, file: Config): Config {
  const data = kind === 'secrets' ? '' : (view.get('contents', contentId(kind, file.hash))?.data ?? '');
  return { ...file, spec: { ...file.spec, data } };
}

/** What content is known by. Secrets that were made before they had fingerprints keep their hash until they change: nothing is to start anew for it. */
function hashOf(kind: FileKind, content: Buffer, before: Config | undefined, { fingerprint }: FileMaking): string {
  const hash = createHash('sha256').update(content).digest('hex');
  return kind === 'configs' || before?.hash === hash ? hash : fingerprint(content);
}

/** @throws ApiError `invalid-spec` or `too-large`. */
function contentIn(kind: FileKind, spec: FileSpec): Buffer {
  if (!BASE64.test(spec.data)) throw new ApiError('invalid-spec', `the content of ${NOUNS[kind]} '${spec.name}' is not base64`);
  const content = Buffer.from(spec.data, 'base64');
  const limit = kind === 'secrets' ? MAX_SECRET_BYTES : MAX_CONFIG_BYTES;
  if (content.length > limit)
    throw new ApiError('too-large', `${NOUNS[kind]} '${spec.name}' has ${content.length} bytes, and ${limit} is the most`);
  return content;
}

function usersOf(view: ClusterView, kind: FileKind, name: string): string[] {
  return [...view.all('services')]
    .filter(({ spec }) => spec.template.container[kind].some((file) => file.source === name) || isCertificate(spec, kind, name))
    .map((service) => service.spec.name);
}

/** Whether a rule for HTTP of the service gives it as certificate or key. */
function isCertificate({ http = [] }: ServiceSpec, kind: FileKind, name: string): boolean {
  return http.some(({ tls }) => certificateFiles(tls).some((file) => file.kind === kind && file.name === name));
}
