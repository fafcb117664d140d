import type { Service } from '@tessera/api';
import type { Session } from '../../session.js';
import { warningLines } from '../stack/change-lines.js';

/** Says so when no agent could tell what the tag of the image means now. */
export function warnUnpinned(session: Session, { spec }: Service): void {
  const { image, digest, pullPolicy } = spec.template.container;
  if (digest !== undefined || image.includes('@') || pullPolicy === 'never') return;
  const text = `the digest of image ${image} is not known, so that nodes may run different ones`;
  session.note(...warningLines([text], session.errorStyle));
}
