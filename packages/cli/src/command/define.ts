import type { Session } from '../session.js';

/** One option of a command. A flag that takes `<value>` once, many times (`repeat`), or none. */
export interface OptionDefinition {
  /** As commander writes them: `-f, --file <path>`. */
  flags: string;
  summary: string;
  repeat?: boolean;
  required?: boolean;
  choices?: readonly string[];
  /** Makes the value. @throws Failure when the text is not one. */
  parse?(text: string): unknown;
}

export interface Example {
  line: string;
  /** What it does, as a comment. */
  does: string;
}

/** A verb of `tsctl`: what its file exports. */
export interface CommandDefinition<Options extends object = object> {
  /** As commander writes them: `[stack...]`. */
  arguments?: string;
  options?: readonly OptionDefinition[];
  /** What a reader of `--help` must know beyond the summary. */
  details?: string;
  examples: readonly Example[];
  /** @returns the exit code. @throws Failure, ApiError or Interrupted. */
  run(session: Session, args: readonly string[], options: Options): Promise<number>;
}

/** Gives a definition its type: the options that `run` takes are those that `options` declares. */
export function defineCommand<Options extends object>(definition: CommandDefinition<Options>): CommandDefinition {
  return definition;
}
