import { usageFailure } from '../failure.js';
import { defineCommand } from './define.js';

export const command = defineCommand({
  arguments: '<shell>',
  details: 'Shells: bash, zsh, fish.',
  examples: [
    { line: 'source <(tsctl completion bash)', does: 'in this shell, or in ~/.bashrc' },
    { line: 'tsctl completion fish > ~/.config/fish/completions/tsctl.fish', does: 'for fish' },
  ],
  async run(session, [wanted]) {
    const { completionScript, SHELLS } = await import('../completion/script.js');
    const shell = SHELLS.find((each) => each === wanted);
    if (shell === undefined) throw usageFailure(`"${wanted}" is no shell that is known here`, `choose one of: ${SHELLS.join(', ')}`);
    session.io.stdout.write(await completionScript(shell, session.tree));
    return 0;
  },
});
