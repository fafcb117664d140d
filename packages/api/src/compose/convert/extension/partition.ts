import type { Path } from '../../diagnostic.js';
import type { ConvertContext } from '../context.js';
import type { ComposeService } from '../model.js';

/** `x-partition`: what happens to tasks on a node that no manager can reach. `keep`, the default, is not written. */
export function convertPartition(service: ComposeService, path: Path, context: ConvertContext): 'stop' | undefined {
  if (service['x-partition'] !== 'stop') return undefined;
  for (const key of ['update_config', 'rollback_config'] as const) {
    if (service.deploy?.[key]?.order !== 'start-first') continue;
    context.error(
      [...path, 'deploy', key, 'order'],
      'x-partition: stop lets never two tasks of a slot run, and start-first runs two for a while',
      'take order out, or write order: stop-first',
    );
  }
  return 'stop';
}
