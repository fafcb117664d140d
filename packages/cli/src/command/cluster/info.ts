import { printData, wantsData } from '../../output/print.js';
import { defineCommand } from '../define.js';

export const command = defineCommand({
  examples: [{ line: 'tsctl cluster info', does: 'name, version, store and what is in it' }],
  async run(session) {
    const client = await session.client();
    const info = await client.call('getInfo', {});
    if (wantsData(session)) {
      await printData(session, info);
      return 0;
    }
    const { counts } = info;
    const lines: [string, string][] = [
      ['Cluster', `${info.name} (${info.clusterId})`],
      ['Manager', `version ${info.version}, ${info.leader ? 'leads' : 'follows'}`],
      ['Store', `${info.store}, revision ${info.revision}`],
      ['Nodes', `${counts.nodesReady} of ${counts.nodes} ready`],
      ['Stacks', String(counts.stacks)],
      ['Services', String(counts.services)],
      ['Tasks', `${counts.tasksRunning} of ${counts.tasks} running`],
    ];
    session.print(...lines.map(([title, text]) => `${session.style.bold(`${title}:`.padEnd(10))}${text}`));
    return 0;
  },
});
