import type { UpdateControl } from '@tessera/api';

/** What the user's wish about an update becomes with one more word of theirs. */
export function controlled(before: UpdateControl | undefined, action: 'pause' | 'resume' | 'promote', by: string): UpdateControl {
  const control = { paused: false, resumes: 0, promoted: false, ...before, by };
  switch (action) {
    case 'pause':
      return { ...control, paused: true };
    case 'resume':
      return { ...control, paused: false, resumes: control.resumes + 1 };
    case 'promote':
      return { ...control, paused: false, promoted: true };
  }
}
