import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Docker Hub's name in image references, and its key in Docker's config file. */
const HUB = 'docker.io';
const HUB_KEY = 'https://index.docker.io/v1/';

/** The registry of an image reference. Docker's rule: the part before the first `/` when it has a `.` or `:` or is `localhost`. */
export function registryOf(reference: string): string {
  const [first = '', ...rest] = reference.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : HUB;
}

/** Name and tag (or digest) as `POST /images/create` takes them; no tag means `latest`. */
export function nameAndTag(reference: string): { name: string; tag: string } {
  const digestAt = reference.indexOf('@');
  if (digestAt >= 0) return { name: reference.slice(0, digestAt).replace(/:[^/:]+$/, ''), tag: reference.slice(digestAt + 1) };
  const colon = reference.lastIndexOf(':');
  if (colon > reference.lastIndexOf('/')) return { name: reference.slice(0, colon), tag: reference.slice(colon + 1) };
  return { name: reference, tag: 'latest' };
}

export interface RegistryCredentials {
  username: string;
  password: string;
  serveraddress: string;
}

/** Docker's own config file of the user that runs the agent: what `docker login` on the node writes. */
export const DEFAULT_DOCKER_CONFIG = join(homedir(), '.docker', 'config.json');

/**
 * Credentials for a registry from `auths` of Docker's config file; `undefined` when there are none. Credential helpers
 * (`credsStore`, `credHelpers`) are not asked.
 */
export async function credentialsFor(registry: string, configFile: string): Promise<RegistryCredentials | undefined> {
  const auths = await readAuths(configFile);
  const keys = registry === HUB ? [HUB_KEY, HUB] : [registry, `https://${registry}`, `http://${registry}`];
  const auth = keys.map((key) => auths[key]?.auth).find((value) => value !== undefined);
  if (auth === undefined) return undefined;
  const [username = '', ...password] = Buffer.from(auth, 'base64').toString('utf8').split(':');
  return { username, password: password.join(':'), serveraddress: registry === HUB ? HUB_KEY : registry };
}

async function readAuths(configFile: string): Promise<Record<string, { auth?: string } | undefined>> {
  try {
    const config = JSON.parse(await readFile(configFile, 'utf8')) as { auths?: Record<string, { auth?: string }> };
    return config.auths ?? {};
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Error(`cannot read registry credentials from ${configFile}: ${(error as Error).message}`);
  }
}
