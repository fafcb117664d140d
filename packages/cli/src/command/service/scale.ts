import { usageFailure } from '../../failure.js';
import { printData, wantsData } from '../../output/print.js';
import { waitConverged } from '../../wait/converge.js';
import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';
import { DETACH } from '../options.js';
import { countValue, pairValue } from '../parse.js';

export const command = defineCommand<{ detach?: boolean }>({
  arguments: '<service=replicas...>',
  options: [DETACH],
  examples: [
    { line: 'tsctl scale shop_web=5 shop_api=2', does: 'set the number of tasks of two services, and wait' },
    { line: 'tsctl scale --detach shop_web=0', does: 'stop all tasks of a service, keep the service' },
  ],
  async run(session, args, { detach }) {
    // Nothing is sent before all of it is understood.
    const wanted = args.map((text) => pairValue(text, 'shop_web=3')).map(([ref, count]) => ({ ref, replicas: countValue(count) }));
    if (new Set(wanted.map(({ ref }) => ref)).size < wanted.length)
      throw usageFailure('a service is named twice', 'give each service one number');
    const client = await session.client();
    const scaled = [];
    for (const { ref, replicas } of wanted) {
      const service = await onlyExisting(client.call('scaleService', { params: { ref }, body: { replicas } }), 'service', ref);
      session.note(`~ service ${service.spec.name} scaled to ${replicas}`);
      scaled.push(service);
    }
    const names = scaled.map((service) => service.spec.name).join(' ');
    if (!detach) {
      await waitConverged(session, {
        what: `the scaling of ${names}`,
        serviceIds: new Set(scaled.map((service) => service.id)),
        hint: `see: tsctl ps ${names}`,
      });
    }
    if (wantsData(session)) await printData(session, scaled);
    return 0;
  },
});
