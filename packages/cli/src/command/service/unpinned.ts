import type { Service } from '@tessera/api';
import { isUnpinned } from '@tessera/api/spec/unpinned';
import type { Session } from '../../session.js';
import { warningLines } from '../stack/change-lines.js';

/** Says so when no agent could tell what the tag of the image means now. */
export function warnUnpinned(session: Session, { spec }: Service): void {
  const { container } = spec.template;
  if (!isUnpinned(container)) return;
  const text = `the digest of image ${container.image} is not known, so that nodes may run different ones`;
  session.note(...warningLines([text], session.errorStyle));
}
