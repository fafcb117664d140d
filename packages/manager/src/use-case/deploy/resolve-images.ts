import type { QueryOf, Routes, ServiceSpec } from '@tessera/api';
import { isUnpinned } from '@tessera/api/spec/unpinned';
import type { ClusterView } from '../../model/view.js';
import type { ResolvedImage } from '../../ports/dispatcher.js';

export type ResolveMode = NonNullable<QueryOf<Routes['deployStack']>['resolve']>;

/** Services whose images are pinned as far as can be known. */
export interface ResolvedServices {
  services: ServiceSpec[];
  /** Images whose digest is not known, a line each. */
  warnings: string[];
}

/**
 * Pins the images of services to what their tags mean now, so that all tasks run the same and a moved tag is noticed. One of the
 * agents asks: managers and users may reach no registry. What cannot be known is no reason to refuse a change: it is said, and
 * the image stays at the digest that it had, or at its tag.
 */
export async function resolveImages(
  { view, digestOf }: { view: ClusterView; digestOf: (image: string) => Promise<ResolvedImage> },
  specs: readonly ServiceSpec[],
  mode: ResolveMode,
): Promise<ResolvedServices> {
  if (mode === 'never') return { services: [...specs], warnings: [] };
  const asked = new Map<string, Promise<ResolvedImage>>();
  for (const service of specs) {
    const { image } = service.template.container;
    if (isAskedFor(service, formerDigest(view, service), mode) && !asked.has(image)) asked.set(image, digestOf(image));
  }
  const answers = new Map<string, ResolvedImage>();
  for (const [image, answer] of asked) answers.set(image, await answer);
  const services = specs.map((service) => pinned(service, formerDigest(view, service), answers));
  return { services, warnings: [...answers].flatMap(([image, answer]) => warningOf(image, answer)) };
}

/** The digest of the service's current spec, if that names the same image. */
function formerDigest(view: ClusterView, { name, template }: ServiceSpec): string | undefined {
  const before = view.byName('services', name)?.spec.template.container;
  return before?.image === template.container.image ? before.digest : undefined;
}

/** An image that names its digest, or is never pulled, needs no answer. */
function isAskedFor({ template: { container } }: ServiceSpec, former: string | undefined, mode: ResolveMode): boolean {
  return isUnpinned(container) && (mode === 'always' || former === undefined);
}

function pinned(service: ServiceSpec, former: string | undefined, answers: ReadonlyMap<string, ResolvedImage>): ServiceSpec {
  const { container } = service.template;
  if (!isUnpinned(container)) return service;
  const answer = answers.get(container.image);
  const digest = answer && 'digest' in answer ? answer.digest : former;
  if (digest === undefined) return service;
  return { ...service, template: { ...service.template, container: { ...container, digest } } };
}

function warningOf(image: string, answer: ResolvedImage): string[] {
  if ('digest' in answer) return [];
  return [`the digest of image ${image} is not known, so that nodes may run different ones: ${answer.error}`];
}
