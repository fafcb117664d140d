import { TAINT_EFFECTS } from '../../spec/scheduling.js';
import { duration, either, integer, list, map, type Schema, text, word } from './dsl.js';

/** Tessera's own keys of a service. They merge, interpolate and are checked like all others. */
export const extensionSchemas: Readonly<Record<`x-${string}`, Schema>> = {
  'x-canary': either(integer(1, 1_000_000), text),
  'x-progress-deadline': duration,
  'x-partition': word('keep', 'stop'),
  'x-tolerations': list(either(text, map({ key: text, value: text, effect: word(...TAINT_EFFECTS) }))),
  'x-schedule': either(
    text,
    map(
      {
        cron: text,
        timezone: text,
        concurrency: word('forbid', 'replace', 'allow'),
        missed: word('skip', 'run-once'),
        starting_deadline: duration,
        history: integer(1, 1000),
      },
      ['cron'],
    ),
  ),
};
