import { MAX_PRIORITY, TAINT_EFFECTS } from '../../spec/scheduling.js';
import { bool, duration, either, integer, list, map, pairs, type Schema, text, textOrTexts, word } from './dsl.js';

const weight = integer(1, 100);
const affinityTerms = list(either(text, map({ service: text, labels: pairs, topology: text, weight })));

const httpRule = map({
  host: textOrTexts,
  path: text,
  strip_prefix: bool,
  protocol: word('http', 'h2c'),
  port: integer(1, 65_535),
  tls: either(text, map({ mode: text, cert: text, key: text })),
  network: text,
});

/** Tessera's own keys of a service. They merge, interpolate and are checked like all others. */
export const extensionSchemas: Readonly<Record<`x-${string}`, Schema>> = {
  'x-affinity': map({
    near: affinityTerms,
    apart: affinityTerms,
    nodes: list(map({ constraint: text, weight }, ['constraint', 'weight'])),
  }),
  'x-canary': either(integer(1, 1_000_000), text),
  'x-priority': integer(-MAX_PRIORITY, MAX_PRIORITY),
  'x-drain': duration,
  'x-progress-deadline': duration,
  'x-publish-not-ready': bool,
  'x-http': either(text, httpRule, list(either(text, httpRule))),
  'x-reload-signal': text,
  'x-reload-command': textOrTexts,
  'x-sticky': either({ type: ['boolean'] }, text),
  'x-partition': word('keep', 'stop'),
  'x-strategy': word('spread', 'binpack'),
  'x-tolerations': list(either(text, map({ key: text, value: text, effect: word(...TAINT_EFFECTS) }))),
  'x-autoscale': map(
    {
      min: integer(1, 1_000_000),
      max: integer(1, 1_000_000),
      cpu: text,
      memory: text,
      cooldown: map({ up: duration, down: duration }),
    },
    ['max'],
  ),
  'x-rebalance': either(bool, map({ budget: integer(1, 1000) })),
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
