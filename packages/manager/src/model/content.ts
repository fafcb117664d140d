import { contentId, type HttpFile } from '@tessera/api';
import type { ClusterView } from './view.js';

/** What a config or secret holds now, in base64. */
export function contentOf(view: ClusterView, { kind, name }: HttpFile): string | undefined {
  const file = view.byName(kind, name);
  return file && view.get('contents', contentId(kind, file.hash))?.data;
}
