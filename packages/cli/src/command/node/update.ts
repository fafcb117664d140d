import { usageFailure } from '../../failure.js';
import { printData, wantsData } from '../../output/print.js';
import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';
import { pairValue } from '../parse.js';

interface UpdateOptions {
  availability?: 'active' | 'pause' | 'drain';
  role?: 'manager' | 'worker';
  labelAdd?: [string, string][];
  labelRm?: string[];
}

export const command = defineCommand<UpdateOptions>({
  arguments: '<node>',
  options: [
    { flags: '--availability <state>', summary: 'active, pause (no new tasks) or drain (no tasks)', choices: ['active', 'pause', 'drain'] },
    { flags: '--role <role>', summary: 'manager or worker', choices: ['manager', 'worker'] },
    { flags: '--label-add <key=value>', summary: 'set a label', repeat: true, parse: pairValue },
    { flags: '--label-rm <key>', summary: 'take a label away', repeat: true },
  ],
  examples: [
    { line: 'tsctl node update --label-add zone=eu --label-add disk=ssd node1', does: 'labels for placement constraints' },
    { line: 'tsctl node update --availability pause node1', does: 'no new tasks here' },
  ],
  async run(session, [ref = ''], { availability, role, labelAdd = [], labelRm = [] }) {
    const labels = Object.fromEntries([...labelRm.map((key): [string, null] => [key, null]), ...labelAdd]);
    const hasLabels = labelAdd.length + labelRm.length > 0;
    if (availability === undefined && role === undefined && !hasLabels)
      throw usageFailure('nothing to change', 'give --availability, --role, --label-add or --label-rm');
    const client = await session.client();
    const body = { ...(availability && { availability }), ...(role && { role }), ...(hasLabels && { labels }) };
    const node = await onlyExisting(client.call('updateNode', { params: { ref }, body }), 'node', ref);
    if (wantsData(session)) await printData(session, node);
    else session.print(node.name);
    return 0;
  },
});
