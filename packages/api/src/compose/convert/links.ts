import type { ConvertContext } from './context.js';
import { linksOf } from './link-names.js';
import type { ComposeService } from './model.js';

/** Reports links to services that are not there, and what a link does not do. */
export function checkLinks(key: string, service: ComposeService, context: ConvertContext): void {
  const path = ['services', key, 'links'];
  const links = linksOf(service);
  if (links.length > 0) context.warn(path, 'gives names only: it sets no order of start', "use 'depends_on:' for the order");
  for (const [index, { target }] of links.entries()) context.requireDeclared('services', target, [...path, index]);
}
