import {
  ApiError,
  contentId,
  type FileSpec,
  type Release,
  releaseId,
  type ServiceSpec,
  type StackSpec,
  serviceRevisionId,
} from '@tessera/api';
import type { ClusterView } from '../../model/view.js';

/** What a release says beside what it holds. */
export type ReleaseNote = Pick<Release, 'author' | 'message' | 'restores' | 'atomic'>;

/** The release that a deploy makes, beside its stack. */
export function newRelease(
  stack: { id: string; name: string },
  number: number,
  held: Pick<Release, 'services' | 'networks' | 'files'>,
  note: ReleaseNote,
  now: number,
): Release {
  const { author, message, restores, atomic } = note;
  return {
    id: releaseId(stack.id, number),
    revision: 0,
    createdAt: now,
    updatedAt: now,
    stackId: stack.id,
    stack: stack.name,
    number,
    ...held,
    author,
    ...(message !== undefined && { message }),
    ...(restores !== undefined && { restores }),
    atomic,
    outcome: { state: 'rolling-out', message: '', at: now },
  };
}

/**
 * The spec of a stack as it was in a release, to be deployed again.
 * @throws ApiError `internal` when a part of it is not there, though releases keep what they name.
 */
export function specOfRelease(view: ClusterView, release: Release): StackSpec {
  const filesOf = (kind: 'configs' | 'secrets'): FileSpec[] =>
    release.files
      .filter((file) => file.kind === kind)
      .map(({ name, labels, hash }) => ({ name, stack: release.stack, labels, data: contentOf(view, kind, name, hash) }));
  return {
    name: release.stack,
    services: servicesOfRelease(view, release),
    networks: release.networks,
    configs: filesOf('configs'),
    secrets: filesOf('secrets'),
  };
}

/** The specs of a release's services, in its order. @throws ApiError `internal`. */
export function servicesOfRelease(view: ClusterView, { services }: Release): ServiceSpec[] {
  return services.map(({ name, serviceId, specRevision }) => {
    const revision = view.get('revisions', serviceRevisionId(serviceId, specRevision));
    if (!revision) throw new ApiError('internal', `revision ${specRevision} of service '${name}' is not stored any more`);
    return revision.spec;
  });
}

function contentOf(view: ClusterView, kind: 'configs' | 'secrets', name: string, hash: string): string {
  const content = view.get('contents', contentId(kind, hash));
  if (!content) throw new ApiError('internal', `the content of ${kind.slice(0, -1)} '${name}' is not stored any more`);
  return content.data;
}
