import type { NetworkDiagnosis } from '@tessera/api';
import { EXIT } from '../../exit.js';
import { printData, wantsData } from '../../output/print.js';
import { defineCommand } from '../define.js';

export const command = defineCommand({
  details:
    'Each node tries the way to each other one: packets of the overlay (UDP 4789), path MTU, the name servers of the networks that they share, published ports and virtual addresses. What is wrong is told by link and cause. Takes some seconds and leaves nothing behind. The exit code is 1 when something is wrong or could not be looked at.',
  examples: [{ line: 'tsctl network doctor', does: 'find out why containers do not reach each other' }],
  async run(session) {
    const client = await session.client();
    const diagnosis = await client.call('diagnoseNetworks', {});
    if (wantsData(session)) await printData(session, diagnosis);
    else session.print(...linesOf(diagnosis));
    return diagnosis.problems.length + diagnosis.skipped.length > 0 ? EXIT.failed : EXIT.ok;
  },
});

function linesOf({ nodes, links, problems, skipped, notes }: NetworkDiagnosis): string[] {
  const well = links.filter(({ ok }) => ok).length;
  return [
    `${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'} asked, ${well} of ${links.length} ${links.length === 1 ? 'link' : 'links'} well`,
    ...problems.map((problem) => `problem: ${problem}`),
    ...skipped.map((reason) => `not looked at: ${reason}`),
    ...notes.map((note) => `note: ${note}`),
    ...(problems.length + skipped.length === 0 ? ['no problem found'] : []),
  ];
}
