import { access } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The command lines that start the daemons, without their arguments. */
export interface Programs {
  manager: readonly string[];
  agent: readonly string[];
}

type ProgramName = keyof Programs;

/** Set to the path of a daemon, such as one of another version. */
const OVERRIDES: Readonly<Record<ProgramName, string>> = { manager: 'TESSERA_MANAGER', agent: 'TESSERA_AGENT' };

/**
 * The daemons of this checkout or installation, or those that TESSERA_MANAGER and TESSERA_AGENT name.
 * @throws Error when one is not there.
 */
export async function findPrograms(env: NodeJS.ProcessEnv = process.env): Promise<Programs> {
  return { manager: await find('manager', env), agent: await find('agent', env) };
}

async function find(name: ProgramName, env: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const override = env[OVERRIDES[name]];
  const path = override || installedPath(name);
  const there = await access(path).then(
    () => true,
    () => false,
  );
  if (!there)
    throw new Error(
      `tessera-${name} is not at ${path}: build it (npm run build), install @tessera/${name}, or set ${OVERRIDES[name]} to its path`,
    );
  return path.endsWith('.js') ? [process.execPath, path] : [path];
}

/** Found beside this package, in a checkout as in node_modules. Not a dependency: the bed also runs other versions. */
function installedPath(name: ProgramName): string {
  try {
    return fileURLToPath(new URL(`../bin/tessera-${name}.js`, import.meta.resolve(`@tessera/${name}`)));
  } catch {
    return `node_modules/@tessera/${name}/bin/tessera-${name}.js`;
  }
}
