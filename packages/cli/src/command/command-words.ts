import type { CommandDefinition, OptionDefinition } from './define.js';
import { type Group, isNoun, type Noun, type Verb } from './entry.js';
import { GLOBAL_OPTIONS } from './program.js';

/** A place on the command line, such as `tsctl stack`, and all that may follow there. */
export interface CommandPlace {
  /** `tsctl`, `tsctl stack`, `tsctl stack deploy`. */
  path: string;
  summary: string;
  /** Commands below; empty for a verb. */
  below: readonly (Verb | Noun)[];
  /** Absent for a noun. */
  definition?: CommandDefinition;
}

/** Every place, parents before children, in the order of the tree. Loads every command. */
export async function allPlaces(tree: readonly Group[]): Promise<CommandPlace[]> {
  const entries = tree.flatMap((group) => group.entries);
  const root: CommandPlace = { path: 'tsctl', summary: '', below: entries };
  return [root, ...(await Promise.all(entries.map((entry) => placesOf(entry, 'tsctl')))).flat()];
}

async function placesOf(entry: Verb | Noun, parent: string): Promise<CommandPlace[]> {
  const path = `${parent} ${entry.name}`;
  if (!isNoun(entry)) return [{ path, summary: entry.summary, below: [], definition: (await entry.load()).command }];
  const inner = await Promise.all(entry.entries.map((each) => placesOf(each, path)));
  return [{ path, summary: entry.summary, below: entry.entries }, ...inner.flat()];
}

/** Options that may be given at a place. */
export function optionsAt({ definition }: CommandPlace): OptionDefinition[] {
  return [
    ...(definition?.options ?? []),
    ...GLOBAL_OPTIONS.filter(({ flags }) => !flags.includes('--version')),
    { flags: '-h, --help', summary: 'show how it is used' },
  ];
}

/** `['-f', '--file']` of `-f, --file <path>`. */
export function namesOf({ flags }: OptionDefinition): string[] {
  return flags
    .replace(/[<[].*$/, '')
    .split(',')
    .map((name) => name.trim());
}
