import { ContextStore } from '../../context/context-store.js';
import { printData, wantsData } from '../../output/print.js';
import { defineCommand } from '../define.js';

export const command = defineCommand<{ export?: boolean }>({
  arguments: '[name]',
  options: [{ flags: '--export', summary: 'print it whole, with its private key, for tsctl context import elsewhere' }],
  examples: [
    { line: 'tsctl context show', does: 'which cluster is talked to' },
    { line: 'tsctl context show --export prod > prod.json', does: 'take it to another machine; keep the file secret' },
  ],
  async run(session, [wanted], options) {
    const { name, context } = await new ContextStore(session.io).chosen(wanted ?? session.globals.context);
    if (options.export) session.print(JSON.stringify(context, null, 2));
    else if (wantsData(session)) await printData(session, { name, endpoints: context.endpoints });
    else session.print(`${name}  ${context.endpoints.join(', ')}`);
    return 0;
  },
});
