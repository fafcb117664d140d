import { readFile } from 'node:fs/promises';
import { printData, wantsData } from '../output/print.js';
import { defineCommand } from './define.js';

export const command = defineCommand({
  examples: [{ line: 'tsctl version', does: 'the version of tsctl; that of the manager: tsctl cluster info' }],
  async run(session) {
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
    if (wantsData(session)) await printData(session, { version, node: process.versions.node });
    else session.print(`tsctl ${version}`);
    return 0;
  },
});
