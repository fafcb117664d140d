import {
  bool,
  cpus,
  duration,
  either,
  integer,
  list,
  literal,
  map,
  nullable,
  number,
  pairs,
  type Schema,
  size,
  text,
  texts,
  word,
} from './dsl.js';

/** A reservation of devices; `required` lists the keys that must be there. */
export function deviceRequest(required: readonly string[]): Schema {
  return map(
    { capabilities: texts, count: either(literal('all'), integer(-1)), device_ids: texts, driver: text, options: pairs },
    required,
  );
}

function updateSchema(...failureActions: string[]): Schema {
  return map({
    parallelism: integer(0),
    delay: duration,
    failure_action: word(...failureActions),
    monitor: duration,
    max_failure_ratio: { ...number, minimum: 0, maximum: 1 },
    order: word('start-first', 'stop-first'),
  });
}

const limits = map({ cpus, memory: size, pids: integer(-1) });
const reservations = map({
  cpus,
  memory: size,
  generic_resources: list(
    map({ discrete_resource_spec: map({ kind: text, value: integer(0) }, ['kind', 'value']) }, ['discrete_resource_spec']),
  ),
  devices: list(deviceRequest(['capabilities'])),
});

/** The `deploy` key of a service. */
export const deploySchema = nullable(
  map({
    mode: word('replicated', 'global', 'replicated-job', 'global-job'),
    endpoint_mode: word('vip', 'dnsrr'),
    replicas: integer(0, 1_000_000),
    labels: pairs,
    update_config: updateSchema('pause', 'continue', 'rollback'),
    rollback_config: updateSchema('pause', 'continue'),
    resources: map({ limits, reservations }),
    restart_policy: map({ condition: word('none', 'on-failure', 'any'), delay: duration, max_attempts: integer(0), window: duration }),
    placement: map({
      constraints: list(text),
      preferences: list(map({ spread: text }, ['spread'])),
      max_replicas_per_node: integer(0),
    }),
  }),
);

export const externalFlag: Schema = either(bool, map({ name: text }));
