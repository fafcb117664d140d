import type { JobDetail } from '@tessera/api';
import { printData, wantsData } from '../../output/print.js';
import type { CommandDefinition } from '../define.js';
import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';

interface Control {
  route: 'suspendJob' | 'resumeJob' | 'stopJob';
  details: string;
  example: CommandDefinition['examples'][number];
  said(job: JobDetail): string;
}

/** A command that changes something of jobs besides their specs. */
export function jobControl({ route, details, example, said }: Control): CommandDefinition {
  return defineCommand({
    arguments: '<job...>',
    details,
    examples: [example],
    async run(session, references) {
      const client = await session.client();
      const changed: JobDetail[] = [];
      for (const ref of references) {
        const job = await onlyExisting(client.call(route, { params: { ref } }), 'job', ref);
        changed.push(job);
        if (!wantsData(session)) session.print(said(job));
      }
      if (wantsData(session)) await printData(session, changed);
      return 0;
    },
  });
}
