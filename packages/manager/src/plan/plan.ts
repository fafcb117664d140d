import type { Kind, ObjectTypes } from '@tessera/api';

/** One write that a plan asks for, guarded by what it was planned on. A store takes it as it is. */
export type Change =
  | { [K in Kind]: { type: 'put'; kind: K; object: ObjectTypes[K]; expect: { revision: number } | 'absent' } }[Kind]
  | { type: 'delete'; kind: Kind; id: string; expect: { revision: number } };

export interface Plan {
  /** Each is safe by itself: a plan may be carried out in parts. */
  changes: Change[];
  /** Look again after so many milliseconds though nothing changes: a delay or a deadline. */
  againInMs?: number;
}

/** Makes an id that no object has. */
export type NewId = () => string;
