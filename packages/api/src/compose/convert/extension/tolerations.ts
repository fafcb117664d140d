import { parseToleration } from '../../../placement/taint.js';
import type { Toleration } from '../../../spec/index.js';
import type { Path } from '../../diagnostic.js';
import type { ConvertContext } from '../context.js';
import type { ComposeService } from '../model.js';

const FORM = "write key, key=value, key:effect or key=value:effect, such as dedicated=db:no-schedule; '*' fits every taint";

/** `x-tolerations`: taints of nodes that the tasks put up with. */
export function convertTolerations(service: ComposeService, path: Path, context: ConvertContext): Toleration[] | undefined {
  return service['x-tolerations']?.map((written, index) => {
    const text = typeof written === 'string' ? written : textOf(written);
    const toleration = parseToleration(text);
    if (!toleration) context.error([...path, 'x-tolerations', index], `"${text}" is not a toleration`, FORM);
    return toleration ?? {};
  });
}

function textOf({ key = '*', value, effect }: Toleration): string {
  return `${key}${value === undefined ? '' : `=${value}`}${effect === undefined ? '' : `:${effect}`}`;
}
