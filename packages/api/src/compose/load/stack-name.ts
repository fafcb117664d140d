import type { Env } from '../interpolate/interpolate.js';
import { expand, TemplateError } from '../interpolate/template.js';
import { basename } from '../posix-path.js';
import { child, type Mark } from '../yaml/node.js';
import type { Source } from './include.js';
import type { LoadSession } from './session.js';

const VALID = /^[a-zA-Z0-9]([a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?$/;

interface NameSources {
  option: string | undefined;
  env: Env;
  sources: readonly Source[];
  dir: string;
}

/** The stack's name: the option, COMPOSE_PROJECT_NAME, the last `name` of the files, or the folder's name made fit. */
export function stackName({ option, env, sources, dir }: NameSources, session: LoadSession): string {
  const given = option ?? env.COMPOSE_PROJECT_NAME;
  const start: Mark = sources[0]?.tree.at ?? session.start(`${dir}/compose.yaml`);
  if (given !== undefined && given !== '') return check(given, start, session);
  const written = sources
    .map(({ tree }) => child(tree, 'name'))
    .findLast((node) => node?.kind === 'scalar' && typeof node.value === 'string');
  if (written?.kind === 'scalar') return check(interpolateName(String(written.value), env), written.at, session);
  const name = normalizeName(basename(dir));
  if (name !== '') return name;
  session.diagnostics.error({
    at: start,
    path: [],
    code: 'bad-name',
    message: `no stack name can be made of the folder's name '${basename(dir)}'`,
    cure: "give one with 'name:' or on the command line",
  });
  return 'stack';
}

/** Source of the rule: docker compose, `NormalizeProjectName`. */
function normalizeName(folder: string): string {
  return folder
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+|[_-]+$/g, '')
    .slice(0, 63);
}

/** Faults of the variables are reported when the whole file is interpolated. */
function interpolateName(name: string, env: Env): string {
  try {
    return expand(name, { lookup: (key) => env[key] });
  } catch (error) {
    if (error instanceof TemplateError) return 'stack';
    throw error;
  }
}

function check(name: string, at: Mark, session: LoadSession): string {
  if (VALID.test(name)) return name;
  session.diagnostics.error({
    at,
    path: ['name'],
    code: 'bad-name',
    message: `'${name}' cannot name a stack`,
    cure: "use up to 63 letters, digits, '_' and '-', with a letter or digit at both ends",
  });
  return 'stack';
}
