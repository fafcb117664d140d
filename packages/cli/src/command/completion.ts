import { completionScript, SHELLS } from '../completion/script.js';
import { usageFailure } from '../failure.js';
import { type CommandDefinition, defineCommand } from './define.js';
import type { Group } from './entry.js';

/** @param tree all commands, of which this is one: handed over, since importing it here would be a circle. */
export function completionCommand(tree: readonly Group[]): CommandDefinition {
  return defineCommand({
    arguments: '<shell>',
    details: 'Shells: bash, zsh, fish.',
    examples: [
      { line: 'source <(tsctl completion bash)', does: 'in this shell, or in ~/.bashrc' },
      { line: 'tsctl completion fish > ~/.config/fish/completions/tsctl.fish', does: 'for fish' },
    ],
    async run(session, [wanted]) {
      const shell = SHELLS.find((each) => each === wanted);
      if (shell === undefined) throw usageFailure(`"${wanted}" is no shell that is known here`, `choose one of: ${SHELLS.join(', ')}`);
      session.io.stdout.write(await completionScript(shell, tree));
      return 0;
    },
  });
}
