import { externalFlag } from './deploy-schema.js';
import {
  bool,
  dict,
  either,
  integer,
  list,
  map,
  named,
  nullable,
  options,
  pairs,
  type Schema,
  text,
  textOrNumber,
  textOrTexts,
} from './dsl.js';
import { serviceSchema } from './service-schema.js';

const network = nullable(
  map({
    name: text,
    driver: text,
    driver_opts: options,
    ipam: map({
      driver: text,
      config: list(map({ subnet: text, ip_range: text, gateway: text, aux_addresses: dict(text) })),
      options: dict(text),
    }),
    external: externalFlag,
    internal: bool,
    enable_ipv4: bool,
    enable_ipv6: bool,
    attachable: bool,
    labels: pairs,
  }),
);
const volume = nullable(map({ name: text, driver: text, driver_opts: options, external: externalFlag, labels: pairs }));
const secret = map({
  name: text,
  environment: text,
  file: text,
  external: externalFlag,
  labels: pairs,
  driver: text,
  driver_opts: options,
  template_driver: text,
});
const config = map({
  name: text,
  content: text,
  environment: text,
  file: text,
  external: externalFlag,
  labels: pairs,
  template_driver: text,
});
const model = map({ name: text, model: text, context_size: integer(0), runtime_flags: list(text) }, ['model']);
const include = list(either(text, map({ path: textOrTexts, env_file: textOrTexts, project_directory: text }, ['path'])));

/** The whole Compose file. Source of the facts: compose-spec `schema/compose-spec.json`; the schema is ours. */
export const composeSchema: Schema = map({
  version: textOrNumber,
  name: text,
  include,
  services: nullable(named('service', serviceSchema)),
  networks: nullable(named('network', network)),
  volumes: nullable(named('volume', volume)),
  configs: nullable(named('config', config)),
  secrets: nullable(named('secret', secret)),
  models: nullable(named('model', model)),
});
