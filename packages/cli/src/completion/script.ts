import { allPlaces, type CommandPlace, namesOf, optionsAt } from '../command/command-words.js';
import type { OptionDefinition } from '../command/define.js';
import type { Group } from '../command/entry.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

interface Place {
  path: string;
  words: { word: string; summary: string }[];
}

interface Vocabulary {
  places: Place[];
  /** Options whose value is a file. */
  fileOptions: string[];
  /** Values of options by the option's name. */
  choices: [option: string, values: readonly string[]][];
}

/** A script that completes commands, options, their values and files. */
export async function completionScript(shell: Shell, tree: readonly Group[]): Promise<string> {
  const vocabulary = vocabularyOf(await allPlaces(tree));
  const scripts: Record<Shell, (vocabulary: Vocabulary) => string[]> = { bash, zsh, fish };
  return `${scripts[shell](vocabulary).join('\n')}\n`;
}

function vocabularyOf(places: readonly CommandPlace[]): Vocabulary {
  const options = places.flatMap(optionsAt);
  const choices = options.flatMap((option) =>
    option.choices ? namesOf(option).map((name): [string, readonly string[]] => [name, option.choices ?? []]) : [],
  );
  return { places: places.map(wordsAt), fileOptions: unique(options.filter(takesFile).flatMap(namesOf)), choices: [...new Map(choices)] };
}

function wordsAt(place: CommandPlace): Place {
  const commands = place.below.map((entry) => ({ word: entry.name, summary: entry.summary }));
  const options = optionsAt(place).flatMap((option) =>
    namesOf(option)
      .filter((name) => name.startsWith('--'))
      .map((word) => ({ word, summary: option.summary })),
  );
  return { path: place.path, words: [...commands, ...options] };
}

function takesFile({ flags }: OptionDefinition): boolean {
  return flags.includes('<path>');
}

function bash({ places, fileOptions, choices }: Vocabulary): string[] {
  return [
    '# Completion of tsctl for bash: source <(tsctl completion bash)',
    '_tsctl() {',
    '  local -A words=(',
    ...places.map(({ path, words }) => `    [${quote(path)}]=${quote(words.map(({ word }) => word).join(' '))}`),
    '  )',
    `  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} path=tsctl i`,
    '  COMPREPLY=()',
    '  case $prev in',
    `    ${fileOptions.join(' | ')}) COMPREPLY=($(compgen -f -- "$cur")); return ;;`,
    ...choices.map(([option, values]) => `    ${option}) COMPREPLY=($(compgen -W ${quote(values.join(' '))} -- "$cur")); return ;;`),
    '  esac',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    `    [[ -n \${words["$path \${COMP_WORDS[i]}"]+x} ]] && path="$path \${COMP_WORDS[i]}"`,
    '  done',
    `  COMPREPLY=($(compgen -W "\${words[$path]}" -- "$cur"))`,
    '}',
    'complete -o default -F _tsctl tsctl',
  ];
}

function zsh({ places, fileOptions, choices }: Vocabulary): string[] {
  return [
    '#compdef tsctl',
    '# Completion of tsctl for zsh: source <(tsctl completion zsh)',
    '_tsctl() {',
    '  local -A table=(',
    ...places.map(({ path, words }) => `    ${quote(path)} ${quote(words.map(({ word }) => word).join(' '))}`),
    '  )',
    '  local place=tsctl word',
    `  case \${words[CURRENT-1]} in`,
    `    (${fileOptions.join('|')}) _files; return ;;`,
    ...choices.map(([option, values]) => `    (${option}) compadd -- ${values.join(' ')}; return ;;`),
    '  esac',
    `  for word in \${words[2,CURRENT-1]}; do`,
    `    (( \${+table[$place $word]} )) && place="$place $word"`,
    '  done',
    `  compadd -- \${=table[$place]} || _files`,
    '}',
    'compdef _tsctl tsctl',
  ];
}

function fish({ places, fileOptions, choices }: Vocabulary): string[] {
  return [
    '# Completion of tsctl for fish: tsctl completion fish | source',
    `set -g __tsctl_places ${places.map(({ path }) => quote(path)).join(' ')}`,
    'function __tsctl_at',
    '  set -l place tsctl',
    '  for word in (commandline -opc)[2..-1]',
    '    contains -- "$place $word" $__tsctl_places; and set place "$place $word"',
    '  end',
    '  test "$place" = "$argv[1]"',
    'end',
    'complete -c tsctl -f',
    ...places.flatMap(({ path, words }) => words.map(({ word, summary }) => fishLine(path, word, summary))),
    ...fileOptions.filter(isLong).map((option) => `complete -c tsctl -l ${option.slice(2)} -r -F`),
    ...choices
      .filter(([option]) => isLong(option))
      .map(([option, values]) => `complete -c tsctl -l ${option.slice(2)} -x -a ${quote(values.join(' '))}`),
  ];
}

function fishLine(path: string, word: string, summary: string): string {
  const what = isLong(word) ? `-l ${word.slice(2)}` : `-a ${quote(word)}`;
  return `complete -c tsctl -n ${quote(`__tsctl_at "${path}"`)} ${what} -d ${quote(summary)}`;
}

function isLong(option: string): boolean {
  return option.startsWith('--');
}

/** For bash, zsh and fish alike: none of our words holds a single quote, but a summary may. */
function quote(text: string): string {
  return `'${text.replace(/'/g, '\u2019')}'`;
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)];
}
