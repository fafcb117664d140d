import { isFencedTemplate, type ServiceSpec, type Task } from '@tessera/api';
import { sourceOf } from '../../model/spec-of.js';
import type { ServiceDraft } from './draft.js';
import { isDrained } from './misfit.js';

/**
 * Whether tasks of the service may run beside their successors while they move. Not when it says so (`x-partition: stop`), nor when they write to
 * volumes or folders of a host, which two at a time might spoil, unless its updates start first as well.
 */
export function movesStartFirst({ template, update }: ServiceSpec): boolean {
  if (isFencedTemplate(template)) return false;
  if (update.order === 'start-first') return true;
  return !template.container.mounts.some(({ type, source, readOnly = false }) => WRITTEN.has(type) && source !== undefined && !readOnly);
}

const WRITTEN: ReadonlySet<string> = new Set(['volume', 'bind', 'cluster']);

/** Whether a task that is to go runs on until its successor does: by the order of updates, or since it only moves. */
export function startsFirst(draft: ServiceDraft, old: Task): boolean {
  const { spec, templateHash } = draft.service;
  const ownSpec = old.templateHash === templateHash ? spec : sourceOf(draft.view, old)?.spec;
  if (isFencedTemplate(spec.template) || (ownSpec && isFencedTemplate(ownSpec.template))) return false;
  if (spec.update.order === 'start-first') return true;
  return old.templateHash === templateHash && movesStartFirst(spec) && isDrained(draft, old);
}
