import type { OptionDefinition } from './define.js';

export const QUIET: OptionDefinition = { flags: '-q, --quiet', summary: 'ids only' };
export const DETACH: OptionDefinition = { flags: '-d, --detach', summary: 'return at once, do not wait' };
export const FORCE: OptionDefinition = { flags: '--force', summary: 'also when that is refused otherwise' };
