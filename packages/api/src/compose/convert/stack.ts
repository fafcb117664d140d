import type { ServiceSpec, StackSpec } from '../../spec/index.js';
import { reportSupport } from '../support/report.js';
import { checkStack } from './checks.js';
import { ConvertContext, type ConvertInput } from './context.js';
import { convertFiles } from './files.js';
import { convertNetworks } from './networks.js';
import { convertService } from './service.js';

/** Turns a canonical document into the stack that a deploy sends. Faults go to the diagnostics; the result counts only without errors. */
export function convertStack(input: ConvertInput): StackSpec {
  const context = new ConvertContext(input);
  reportSupport(input.document, input.diagnostics);
  const services = Object.entries(context.model.services ?? {}).map(([key, service]) => convertService(key, service, context));
  if (services.length === 0)
    context.error(['services'], 'no service is left to deploy', "add one under 'services:', or activate a profile");
  const stack: StackSpec = {
    name: context.stack,
    services: services.filter((service): service is ServiceSpec => service !== undefined),
    networks: convertNetworks(context),
    configs: convertFiles('configs', context),
    secrets: convertFiles('secrets', context),
  };
  checkStack(context);
  return stack;
}
