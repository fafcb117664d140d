import { TAINT_EFFECTS } from '../../spec/scheduling.js';
import { either, list, map, type Schema, text, word } from './dsl.js';

/** Tessera's own keys of a service. They merge, interpolate and are checked like all others. */
export const extensionSchemas: Readonly<Record<`x-${string}`, Schema>> = {
  'x-tolerations': list(either(text, map({ key: text, value: text, effect: word(...TAINT_EFFECTS) }))),
};
