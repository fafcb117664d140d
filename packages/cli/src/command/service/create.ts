import type { ServiceSpec } from '@tessera/api';
import { printData, wantsData } from '../../output/print.js';
import { waitConverged } from '../../wait/converge.js';
import { defineCommand } from '../define.js';
import { DETACH } from '../options.js';
import { applyFlags, SPEC_OPTIONS, type SpecFlags } from './spec-flags.js';
import { warnUnpinned } from './unpinned.js';

interface CreateOptions extends SpecFlags {
  name: string;
  mode?: 'replicated' | 'global';
  network?: string[];
  detach?: boolean;
}

export const command = defineCommand<CreateOptions>({
  arguments: '<image> [command...]',
  options: [
    { flags: '--name <name>', summary: 'name of the service', required: true },
    { flags: '--mode <mode>', summary: 'replicated (the default) or global: one task on each node', choices: ['replicated', 'global'] },
    { flags: '--network <network>', summary: 'join this network', repeat: true },
    ...SPEC_OPTIONS,
    DETACH,
  ],
  details: 'For a quick try. What is to stay is better written to a Compose file and deployed.',
  examples: [
    {
      line: 'tsctl service create --name web --replicas 3 --publish-add 8080:80 nginx',
      does: 'three tasks behind port 8080 of every node',
    },
    { line: 'tsctl service create --name ticker busybox -- sh -c "while :; do date; sleep 5; done"', does: 'with a command' },
  ],
  async run(session, [image = '', ...args], { name, mode, network = [], detach, ...flags }) {
    const { defaultService } = await import('@tessera/api');
    const base = defaultService(name, image);
    const spec: ServiceSpec = {
      ...base,
      mode: mode === 'global' ? { kind: 'global' } : base.mode,
      template: {
        ...base.template,
        container: { ...base.template.container, ...(args.length > 0 && { args: [...args] }) },
        networks: network.map((each) => ({ network: each, aliases: [] })),
      },
    };
    const client = await session.client();
    const service = await client.call('createService', { query: { resolve: 'always' }, body: applyFlags(spec, flags) });
    session.note(`+ service ${name} created`);
    warnUnpinned(session, service);
    if (!detach)
      await waitConverged(session, { what: `the start of ${name}`, serviceIds: new Set([service.id]), hint: `see: tsctl ps ${name}` });
    if (wantsData(session)) await printData(session, service);
    else session.print(service.id);
    return 0;
  },
});
