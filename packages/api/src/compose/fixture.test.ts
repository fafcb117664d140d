import assert from 'node:assert/strict';
import { Compile } from 'typebox/compile';
import { type ServiceSpec, StackSpec } from '../spec/index.js';
import { ComposeError, formatDiagnostic } from './diagnostic.js';
import { type LoadOptions, loadCompose } from './load/load.js';

/** Folder in which the files of a test lie. */
export const DIR = '/p';

const stackSpec = Compile(StackSpec);

export interface Loaded {
  stack: StackSpec;
  /** Warnings as a person reads them. */
  warnings: string[];
}

/** Files kept in memory, by their path below `DIR` or their whole path. */
export function memoryFiles(files: Readonly<Record<string, string | Uint8Array>>): LoadOptions['read'] {
  const contents = new Map(
    Object.entries(files).map(([path, content]) => [path.startsWith('/') || path === '-' ? path : `${DIR}/${path}`, content]),
  );
  return {
    read: async (path) => {
      const content = contents.get(path);
      return typeof content === 'string' ? new TextEncoder().encode(content) : content;
    },
  };
}

/** Loads `compose.yml`, whose text is given alone or among others, and checks that the stack has the form of the contract. */
export async function load(
  files: string | Readonly<Record<string, string | Uint8Array>>,
  options: Partial<LoadOptions> = {},
): Promise<Loaded> {
  const read = memoryFiles(typeof files === 'string' ? { 'compose.yml': files } : files);
  const { stack, warnings } = await loadCompose({ files: ['compose.yml'], read, env: {}, workingDir: DIR, ...options });
  assert.deepEqual([...stackSpec.Errors(stack)], [], 'the stack has the form of the contract');
  return { stack, warnings: warnings.map(formatDiagnostic) };
}

/** What a person reads when the files cannot be loaded, warnings too. */
export async function faultsOf(
  files: string | Readonly<Record<string, string | Uint8Array>>,
  options: Partial<LoadOptions> = {},
): Promise<string[]> {
  try {
    await load(files, options);
  } catch (error) {
    if (error instanceof ComposeError) return error.diagnostics.map(formatDiagnostic);
    throw error;
  }
  return [];
}

/** A file with the service `web` of image `nginx` and these further lines. */
export function web(lines: string): string {
  const indented = lines.split('\n').map((line) => `    ${line}`);
  return ['services:', '  web:', '    image: nginx', ...indented, ''].join('\n');
}

/** The only service of a file, or the one named. */
export function serviceOf({ stack }: Loaded, name = 'p_web'): ServiceSpec {
  const service = stack.services.find((candidate) => candidate.name === name);
  assert.ok(service, `the stack has the service ${name}`);
  return service;
}
