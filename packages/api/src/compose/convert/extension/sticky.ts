import type { Stickiness } from '../../../spec/index.js';
import type { Path } from '../../diagnostic.js';
import { parseDurationMs } from '../../units/duration.js';
import type { ConvertContext } from '../context.js';
import type { ComposeService } from '../model.js';

const LEAST_MS = 1_000;

/** `x-sticky: true`, or for how long a client keeps its task though others are added: `x-sticky: 30m`. */
export function convertSticky(service: ComposeService, path: Path, context: ConvertContext): Stickiness | undefined {
  const written = service['x-sticky'];
  if (written === undefined || written === false) return undefined;
  const place = [...path, 'x-sticky'];
  if (service.deploy?.endpoint_mode === 'dnsrr') {
    context.error(
      place,
      'x-sticky needs the virtual address that endpoint_mode: dnsrr does without',
      'take x-sticky out, or use endpoint_mode: vip',
    );
    return undefined;
  }
  if (written === true) return {};
  const keepMs = parseDurationMs(written);
  if (keepMs !== undefined && keepMs >= LEAST_MS) return { keepMs };
  context.error(place, `"${written}" is neither true nor false nor a time of a second or more`, "write true, or a time such as '30m'");
  return undefined;
}
