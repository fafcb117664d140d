import { canonicalJson, type FileContent, HTTP_CA, textHash } from '@tessera/api';
import type { ClusterView } from '../../model/view.js';
import { acmeAccount } from './acme.js';
import { caddyConfig } from './caddy.js';
import { httpRoutes } from './routes.js';

const ID_PREFIX = 'h';
/** Ids have 64 characters at most. */
const HASH_SHOWN = 63;

/** The configuration of the HTTP proxies as the view has it now: a secret, since it holds the keys of given certificates. */
export function httpFile(view: ClusterView): FileContent {
  const hasAuthority = view.byName('configs', HTTP_CA.certificate) !== undefined && view.byName('secrets', HTTP_CA.key) !== undefined;
  const account = acmeAccount(view);
  const thumbprint = typeof account === 'string' ? undefined : account.thumbprint;
  const text = canonicalJson(caddyConfig(httpRoutes(view), { hasAuthority, thumbprint }));
  const hash = textHash(text);
  return { id: `${ID_PREFIX}${hash.slice(0, HASH_SHOWN)}`, secret: true, hash, data: btoa(text) };
}

/** Whether the id is one of `httpFile`: other contents have ids that begin with another letter. */
export function isHttpFile(id: string): boolean {
  return id.startsWith(ID_PREFIX);
}
