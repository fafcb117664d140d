import { ContextStore } from '../../context/context-store.js';
import { printListing } from '../../output/print.js';
import { defineCommand } from '../define.js';

export const command = defineCommand<{ quiet?: boolean }>({
  options: [{ flags: '-q, --quiet', summary: 'names only' }],
  examples: [{ line: 'tsctl context ls', does: 'the clusters that this user knows; * marks the current one' }],
  async run(session, _args, { quiet }) {
    const contexts = await new ContextStore(session.io).list();
    const rows = contexts.map(({ name, current, context }) => ({ name, current, endpoints: context.endpoints }));
    await printListing(session, {
      columns: [
        { title: 'NAME', value: (row) => `${row.name}${row.current ? ' *' : ''}` },
        { title: 'MANAGERS', value: (row) => row.endpoints.join(', '), shrink: true },
      ],
      rows,
      data: rows,
      ids: rows.map((row) => row.name),
      quiet,
      empty: 'no contexts yet: tsctl dev up, tsctl cluster init or tsctl context import makes one',
    });
    return 0;
  },
});
