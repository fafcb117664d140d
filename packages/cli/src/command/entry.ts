import type { CommandDefinition } from './define.js';

/** A verb, known by name and summary; the rest is loaded when it is called. */
export interface Verb {
  name: string;
  summary: string;
  load(): Promise<{ command: CommandDefinition }>;
}

export interface Noun {
  name: string;
  summary: string;
  entries: readonly (Verb | Noun)[];
}

export interface Group {
  title: string;
  entries: readonly (Verb | Noun)[];
}

export function isNoun(entry: Verb | Noun): entry is Noun {
  return 'entries' in entry;
}
