import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import type { Diagnostics, Path } from '../diagnostic.js';
import { type ComposeNode, child, type MapNode, markAt, toPlain, valueMarkAt } from '../yaml/node.js';
import { composeSchema } from './compose-schema.js';
import { describe } from './messages.js';

let compiled: ValidateFunction | undefined;

/** Compiles on first use: it costs tens of milliseconds, which `tsctl --help` must not pay. */
function validator(): ValidateFunction {
  compiled ??= new Ajv({ allErrors: true, verbose: true, strict: false, validateSchema: false }).compile(composeSchema);
  return compiled;
}

/** Checks the form of a document whose texts were cast already, and reports every fault at its place. */
export function validateForm(root: MapNode, diagnostics: Diagnostics): void {
  const validate = validator();
  if (validate(toPlain(root))) return;
  for (const error of validate.errors ?? []) report(error, root, diagnostics);
}

function report(error: ErrorObject, root: MapNode, diagnostics: Diagnostics): void {
  const path = pathOf(error.instancePath, root);
  const { code, message, cure, key, item } = describe(error);
  const place = key !== undefined ? [...path, key] : item !== undefined ? [...path, item] : path;
  const at = key !== undefined || code === 'missing-key' ? markAt(root, place) : valueMarkAt(root, place);
  diagnostics.error({ at, path: place, code, message, cure });
}

/** `/services/web/ports/0` as steps; only the tree knows whether `0` is an index or a key. */
function pathOf(pointer: string, root: ComposeNode): Path {
  const path: (string | number)[] = [];
  let node: ComposeNode | undefined = root;
  for (const part of pointer.split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~');
    const step = node?.kind === 'list' ? Number(key) : key;
    path.push(step);
    node = child(node, step);
  }
  return path;
}
