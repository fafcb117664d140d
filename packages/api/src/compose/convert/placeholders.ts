import type { Path } from '../diagnostic.js';
import type { ConvertContext } from './context.js';
import type { ComposeService } from './model.js';

/** What the agent fills in when it makes a task's container. Source: Docker, `docker service create --help`, "Create services using templates". */
const FIELDS = [
  '.Service.ID',
  '.Service.Name',
  '.Service.Labels',
  '.Node.ID',
  '.Node.Hostname',
  '.Node.Platform.OS',
  '.Node.Platform.Architecture',
  '.Task.ID',
  '.Task.Name',
  '.Task.Slot',
];
const LABEL = /^index\s+\.Service\.Labels\s+"[^"]*"$/;

/** Reports templates in hostname, environment and mounts that name nothing the agent knows. */
export function checkPlaceholders(service: ComposeService, path: Path, context: ConvertContext): void {
  const check = (text: string | null | undefined, place: Path) => checkText(text ?? '', [...path, ...place], context);
  check(service.hostname, ['hostname']);
  for (const [key, value] of Object.entries(service.environment ?? {})) check(value, ['environment', key]);
  (service.volumes ?? []).forEach((mount, index) => {
    check(mount.source, ['volumes', index]);
    check(mount.target, ['volumes', index]);
  });
}

function checkText(text: string, path: Path, context: ConvertContext): void {
  for (const [whole, inner = ''] of text.matchAll(/\{\{-?\s*(.*?)\s*-?\}\}/g)) {
    if (FIELDS.includes(inner) || LABEL.test(inner) || /^\.Service\.Labels\./.test(inner)) continue;
    context.error(path, `the template ${whole} names nothing that a task has`, `known are ${FIELDS.join(', ')}`, 'unknown-template');
  }
}
