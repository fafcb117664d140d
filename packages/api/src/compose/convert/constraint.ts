import { ConstraintError } from '../../placement/constraint.js';
import type { Path } from '../diagnostic.js';
import type { ConvertContext } from './context.js';

/** What `read` gives; what it finds wrong with a constraint is an error at `path`, and then it is undefined. */
export function checked<Value>(context: ConvertContext, path: Path, read: () => Value): Value | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConstraintError)) throw error;
    context.error(path, error.message, error.cure);
    return undefined;
  }
}
