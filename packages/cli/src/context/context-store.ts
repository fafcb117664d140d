import { EXIT } from '../exit.js';
import { Failure, usageFailure } from '../failure.js';
import type { Io } from '../io.js';

/** A cluster and who one is there: all that is needed to talk to its managers. */
export interface Context {
  /** `https://address:port` of each manager. */
  endpoints: string[];
  /** PEM of the cluster's authority. */
  ca: string;
  /** PEM of the user's certificate and key. */
  certificate: string;
  key: string;
}

interface ContextFile {
  version: 1;
  current?: string;
  contexts: Record<string, Context>;
}

const CONTEXT_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/;
/** The file holds private keys. */
const PRIVATE = 0o600;
const OTHERS = 0o077;

/** The contexts of this user: one file, mode 0600, in TESSERA_CONFIG_DIR, $XDG_CONFIG_HOME/tessera or ~/.config/tessera. */
export class ContextStore {
  readonly #io: Io;
  readonly path: string;

  constructor(io: Io) {
    this.#io = io;
    this.path = `${configDirectory(io.env)}/contexts.json`;
  }

  async list(): Promise<{ name: string; current: boolean; context: Context }[]> {
    const file = await this.#load();
    const chosen = this.#io.env.TSCTL_CONTEXT || file.current;
    return Object.entries(file.contexts)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, context]) => ({ name, current: name === chosen, context }));
  }

  /** The context by that name; else by TSCTL_CONTEXT; else the current one. @throws Failure when there is none. */
  async chosen(name?: string): Promise<{ name: string; context: Context }> {
    const file = await this.#load();
    const wanted = name ?? (this.#io.env.TSCTL_CONTEXT || file.current);
    if (wanted === undefined) {
      throw usageFailure(
        'no cluster is chosen',
        'make one with: tsctl dev up  (or tsctl cluster init, tsctl context import); choose one with: tsctl context use NAME',
      );
    }
    return { name: wanted, context: this.#find(file, wanted) };
  }

  /** Adds or replaces a context. */
  async save(name: string, context: Context, options: { use: boolean }): Promise<void> {
    if (!CONTEXT_NAME.test(name))
      throw usageFailure(`"${name}" cannot be the name of a context`, 'use letters, digits, ".", "_" and "-", at most 64');
    const file = await this.#load();
    file.contexts[name] = context;
    if (options.use || file.current === undefined) file.current = name;
    await this.#write(file);
  }

  async use(name: string): Promise<void> {
    const file = await this.#load();
    this.#find(file, name);
    await this.#write({ ...file, current: name });
  }

  /** @returns whether there was one. */
  async remove(name: string): Promise<boolean> {
    const file = await this.#load();
    if (!Object.hasOwn(file.contexts, name)) return false;
    delete file.contexts[name];
    if (file.current === name) delete file.current;
    await this.#write(file);
    return true;
  }

  #find(file: ContextFile, name: string): Context {
    const context = Object.hasOwn(file.contexts, name) ? file.contexts[name] : undefined;
    if (context) return context;
    const known = Object.keys(file.contexts).sort().join(', ');
    throw new Failure(`there is no context "${name}"`, {
      exitCode: EXIT.notFound,
      cure: known === '' ? 'make one with: tsctl dev up' : `choose one of: ${known}`,
    });
  }

  async #load(): Promise<ContextFile> {
    const bytes = await this.#io.files.read(this.path);
    if (bytes === undefined) return { version: 1, contexts: {} };
    const mode = await this.#io.files.mode(this.path);
    if (mode !== undefined && (mode & OTHERS) !== 0) {
      throw usageFailure(
        `${this.path} can be read by others (mode ${mode.toString(8).padStart(4, '0')}), and it holds private keys`,
        `chmod 600 ${this.path}`,
      );
    }
    return parseContextFile(new TextDecoder().decode(bytes), this.path);
  }

  #write(file: ContextFile): Promise<void> {
    return this.#io.files.replace(this.path, `${JSON.stringify(file, null, 2)}\n`, PRIVATE);
  }
}

function configDirectory(env: Io['env']): string {
  if (env.TESSERA_CONFIG_DIR) return env.TESSERA_CONFIG_DIR;
  if (env.XDG_CONFIG_HOME) return `${env.XDG_CONFIG_HOME}/tessera`;
  if (env.HOME) return `${env.HOME}/.config/tessera`;
  throw usageFailure('no folder for contexts is known: HOME is not set', 'set HOME or TESSERA_CONFIG_DIR');
}

/** @throws Failure when the text is not what `ContextStore` wrote. */
function parseContextFile(text: string, path: string): ContextFile {
  const corrupt = (why: string): Failure =>
    usageFailure(`${path} is damaged: ${why}`, 'put back a copy, or move it away and import the contexts again: tsctl context import');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw corrupt((error as Error).message);
  }
  if (!isRecord(parsed) || !isRecord(parsed.contexts)) throw corrupt('it has no "contexts"');
  if (parsed.version !== 1) throw corrupt(`its version is ${JSON.stringify(parsed.version)}, not 1`);
  const contexts = Object.fromEntries(
    Object.entries(parsed.contexts).map(([name, value]) => [name, parseContext(value, (why) => corrupt(`context "${name}" ${why}`))]),
  );
  return { version: 1, contexts, ...(typeof parsed.current === 'string' && { current: parsed.current }) };
}

/** @throws what `fail` makes of the reason. */
export function parseContext(value: unknown, fail: (why: string) => Failure): Context {
  if (!isRecord(value)) throw fail('is not an object');
  const { endpoints, ca, certificate, key } = value;
  if (
    !Array.isArray(endpoints) ||
    endpoints.length === 0 ||
    !endpoints.every((endpoint) => typeof endpoint === 'string' && endpoint.startsWith('https://'))
  ) {
    throw fail('needs "endpoints": a list of https:// addresses');
  }
  for (const [field, pem] of Object.entries({ ca, certificate, key })) {
    if (typeof pem !== 'string' || !pem.includes('-----BEGIN ')) throw fail(`needs "${field}" in PEM form`);
  }
  return { endpoints: endpoints as string[], ca: ca as string, certificate: certificate as string, key: key as string };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
