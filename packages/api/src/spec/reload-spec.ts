import { type Static, Type } from 'typebox';
import { strictObject } from './common.js';

/** How tasks take over new content of their configs and secrets while they run: they get a signal, or a command is run in the container. */
export const Reload = Type.Union([
  strictObject({ signal: Type.String({ pattern: '^[A-Z0-9+-]{1,16}$', description: 'Such as `SIGHUP`' }) }),
  strictObject({ command: Type.Array(Type.String({ maxLength: 4096 }), { minItems: 1, maxItems: 256 }) }),
]);
export type Reload = Static<typeof Reload>;
