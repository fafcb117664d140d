import type { Client, Service, ServiceProgress } from '@tessera/api';
import { isApiError } from '../../output/error.js';
import { printData, wantsData } from '../../output/print.js';
import type { Session } from '../../session.js';
import { waitConverged } from '../../wait/converge.js';
import { ifFound, onlyExisting } from '../lookup.js';

export type UpdateAction = 'pause' | 'resume' | 'promote' | 'abort';

const DONE: Readonly<Record<UpdateAction, string>> = {
  pause: 'pauses',
  resume: 'goes on',
  promote: 'goes on: the canary is promoted',
  abort: 'is undone: what ran before comes back',
};

/**
 * Tells the updates of services, or of all services of a stack, what to do; then waits for what comes of it.
 * @throws Failure (1) when none of them has an update that can do so.
 */
export async function controlUpdates(
  session: Session,
  references: readonly string[],
  action: UpdateAction,
  waits: boolean,
): Promise<number> {
  const client = await session.client();
  const changed: Service[] = [];
  for (const ref of references) changed.push(...(await controlOne(session, client, ref, action)));
  if (waits) {
    await waitConverged(session, {
      what: `the update of ${references.join(' ')}`,
      serviceIds: new Set(changed.map((service) => service.id)),
      hint: 'see: tsctl update ls',
    });
  }
  if (wantsData(session)) await printData(session, changed);
  return 0;
}

async function controlOne(session: Session, client: Client, ref: string, action: UpdateAction): Promise<Service[]> {
  const stack = (await ifFound(client.call('getService', { params: { ref } }))) ? undefined : await stackOf(client, ref);
  const targets = stack?.map(({ serviceId }) => serviceId) ?? [ref];
  const changed: Service[] = [];
  let refused: unknown;
  for (const target of targets) {
    try {
      const service = await client.call('controlUpdate', { params: { ref: target }, body: { action } });
      session.note(`~ the update of ${service.spec.name} ${DONE[action]}`);
      changed.push(service);
    } catch (error) {
      // Of a stack, services that have no such update are left alone.
      if (!isApiError(error, 'conflict')) throw error;
      refused ??= error;
    }
  }
  if (changed.length === 0 && refused !== undefined) throw refused;
  return changed;
}

/** @throws Failure (4) when there is neither a service nor a stack of this name. */
async function stackOf(client: Client, ref: string): Promise<ServiceProgress[]> {
  const { progress } = await onlyExisting(client.call('getStack', { params: { ref } }), 'service or stack', ref);
  return progress;
}
