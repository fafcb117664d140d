import { Command, Option } from 'commander';
import { usageFailure } from '../failure.js';
import { type GlobalOptions, OUTPUT_FORMATS } from '../session.js';
import type { CommandDefinition, Example, OptionDefinition } from './define.js';
import { type Group, isNoun, type Noun, type Verb } from './entry.js';
import { durationValue } from './parse.js';

export type Runner = (definition: CommandDefinition, args: readonly string[], options: object, globals: GlobalOptions) => Promise<void>;

export interface ProgramParts {
  tree: readonly Group[];
  run: Runner;
  write: { out(text: string): void; error(text: string): void };
  columns: { out: number; error: number };
}

/** Builds the command line. Verbs are empty shells until one is called: its file is loaded then. */
export function buildProgram({ tree, run, write, columns }: ProgramParts): Command {
  const root = new Command('tsctl')
    .description('The command line of Tessera: runs containers on many hosts.')
    .usage('<command> [options]')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({
      writeOut: write.out,
      writeErr: write.error,
      getOutHelpWidth: () => columns.out,
      getErrHelpWidth: () => columns.error,
    })
    .configureHelp({ showGlobalOptions: true });
  for (const option of GLOBAL_OPTIONS) root.addOption(toCommander(option));
  const loaders = new Map<Command, Verb>();
  for (const { title, entries } of tree) for (const entry of entries) add(root, entry, title, loaders);
  lazily(root, loaders, run);
  root.showHelpAfterError('  cure: see all commands: tsctl --help');
  root.addHelpText('after', '\nMore about a command: tsctl help COMMAND');
  return root;
}

export const GLOBAL_OPTIONS: readonly OptionDefinition[] = [
  { flags: '-o, --output <format>', summary: 'how results are printed: table, wide, json or yaml', choices: OUTPUT_FORMATS },
  { flags: '--context <name>', summary: 'the cluster to talk to, instead of the current one' },
  { flags: '--timeout <duration>', summary: 'wait at most so long, such as 90s or 5m; 0: for ever', parse: durationValue },
  { flags: '--no-color', summary: 'no colours; NO_COLOR does the same' },
  { flags: '-V, --version', summary: 'print the version' },
];

function add(parent: Command, entry: Verb | Noun, group: string | undefined, loaders: Map<Command, Verb>): void {
  const command = parent.command(entry.name).description(entry.summary).helpCommand(false);
  command.showHelpAfterError(`  cure: see how it is used: ${pathOf(command)} --help`);
  if (group !== undefined) command.helpGroup(group);
  if (!isNoun(entry)) {
    loaders.set(command, entry);
    return;
  }
  command.usage('<command> [options]');
  for (const inner of entry.entries) add(command, inner, undefined, loaders);
}

/** `tsctl node drain`. */
function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function lazily(root: Command, loaders: ReadonlyMap<Command, Verb>, run: Runner): void {
  const fill = async (_parent: Command, command: Command): Promise<void> => {
    const verb = loaders.get(command);
    if (verb === undefined) return;
    const { command: definition } = await verb.load();
    configure(command, definition);
    command.action(() => run(definition, command.args, command.opts(), globalsOf(root)));
  };
  const hook = (command: Command): void => {
    command.hook('preSubcommand', fill);
    command.commands.forEach(hook);
  };
  hook(root);
}

/** Gives a command its arguments, options and help. */
export function configure(command: Command, definition: CommandDefinition): void {
  if (definition.arguments !== undefined) command.arguments(definition.arguments);
  for (const option of definition.options ?? []) command.addOption(toCommander(option));
  if (definition.details !== undefined) command.description(`${command.description()}.\n\n${definition.details}`);
  command.addHelpText('after', `\nExamples:\n${exampleLines(definition.examples).join('\n')}`);
}

function exampleLines(examples: readonly Example[]): string[] {
  return examples.flatMap(({ line, does }) => [`  # ${does}`, `  ${line}`]);
}

function toCommander({ flags, summary, choices, repeat, required, parse }: OptionDefinition): Option {
  const option = new Option(flags, summary);
  const check = (text: string): unknown => {
    if (choices && !choices.includes(text)) throw usageFailure(`option '${flags}': "${text}" is none of ${choices.join(', ')}`);
    return parse ? parse(text) : text;
  };
  if (flags.includes('<'))
    option.argParser((text: string, before: unknown) =>
      repeat ? [...((before as unknown[] | undefined) ?? []), check(text)] : check(text),
    );
  return required ? option.makeOptionMandatory() : option;
}

function globalsOf(root: Command): GlobalOptions {
  return { output: 'table', ...root.opts<Partial<GlobalOptions> & { color: boolean }>() };
}
