import type { Rebalance, ServiceMode } from '../../../spec/index.js';
import type { Path } from '../../diagnostic.js';
import type { ConvertContext } from '../context.js';
import type { ComposeService } from '../model.js';

/** `x-rebalance`: `on`, `off`, or a map with the budget. */
export function convertRebalance(service: ComposeService, mode: ServiceMode, path: Path, context: ConvertContext): Rebalance | undefined {
  const written = service['x-rebalance'];
  if (written === undefined || written === false) return undefined;
  if (mode.kind !== 'replicated')
    context.error([...path, 'x-rebalance'], `goes with replicated services only, and this one is ${mode.kind}`, 'take it out');
  return { budget: typeof written === 'object' ? (written.budget ?? 1) : 1 };
}
