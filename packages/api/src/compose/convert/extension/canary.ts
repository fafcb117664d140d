import type { Canary } from '../../../spec/index.js';
import type { Path } from '../../diagnostic.js';
import type { ConvertContext } from '../context.js';
import type { ComposeService } from '../model.js';

/** `x-canary: 2` or `x-canary: 10%`. */
export function convertCanary(service: ComposeService, path: Path, context: ConvertContext): Canary | undefined {
  const written = service['x-canary'];
  if (written === undefined) return undefined;
  const place = [...path, 'x-canary'];
  if (service.deploy?.mode?.endsWith('job')) {
    context.error(place, 'jobs are not updated step by step: a new template runs them again', 'take x-canary out');
    return undefined;
  }
  if (typeof written === 'number') return { count: written };
  const percent = Number(/^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(written)?.[1]);
  if (percent > 0 && percent <= 100) return { percent };
  context.error(place, `"${written}" is not a share of the tasks`, "write a number of tasks or a percentage, such as '10%'");
  return undefined;
}
