import type { Client, Service } from '@tessera/api';
import { usageFailure } from '../../failure.js';
import { isApiError } from '../../output/error.js';
import { printData, wantsData } from '../../output/print.js';
import { waitConverged } from '../../wait/converge.js';
import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';
import { DETACH } from '../options.js';
import { applyFlags, CHANGE_OPTIONS, SPEC_OPTIONS, type SpecFlags } from './spec-flags.js';
import { warnUnpinned } from './unpinned.js';

/** Somebody else may change the service between reading and writing: read again and apply the flags anew. */
const ATTEMPTS = 5;

export const command = defineCommand<SpecFlags & { detach?: boolean }>({
  arguments: '<service>',
  options: [...CHANGE_OPTIONS, ...SPEC_OPTIONS, DETACH],
  details:
    'Changes a service and waits until its tasks are replaced. What belongs to a stack is better changed in its file: the next deploy takes it back.',
  examples: [
    { line: 'tsctl service update --image shop/web:2 shop_web', does: 'roll out another image' },
    { line: 'tsctl service update --env-add LOG=debug --env-rm CACHE shop_web', does: 'change the environment' },
    { line: 'tsctl service update --force shop_web', does: 'replace all tasks, with the update settings of the service' },
  ],
  async run(session, [ref = ''], { detach, ...flags }) {
    if (Object.keys(flags).length === 0) throw usageFailure('nothing to change', 'see what can be changed: tsctl service update --help');
    const client = await session.client();
    const service = await update(client, ref, flags);
    session.note(`~ service ${service.spec.name} updated`);
    warnUnpinned(session, service);
    if (!detach) {
      await waitConverged(session, {
        what: `the update of ${service.spec.name}`,
        serviceIds: new Set([service.id]),
        hint: `see: tsctl ps ${service.spec.name}`,
      });
    }
    if (wantsData(session)) await printData(session, service);
    return 0;
  },
});

async function update(client: Client, ref: string, flags: SpecFlags, attempt = 1): Promise<Service> {
  const { service } = await onlyExisting(client.call('getService', { params: { ref } }), 'service', ref);
  try {
    return await client.call('updateService', {
      params: { ref: service.id },
      query: { revision: service.revision, resolve: flags.image === undefined ? 'changed' : 'always' },
      body: applyFlags(service.spec, flags),
    });
  } catch (error) {
    if (!isApiError(error, 'conflict') || attempt === ATTEMPTS) throw error;
    return update(client, ref, flags, attempt + 1);
  }
}
