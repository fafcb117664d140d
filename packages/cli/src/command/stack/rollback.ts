import type { Client, DeployResult, Service } from '@tessera/api';
import { printData, wantsData } from '../../output/print.js';
import type { Session } from '../../session.js';
import { waitConverged } from '../../wait/converge.js';
import { defineCommand } from '../define.js';
import { ifFound, onlyExisting } from '../lookup.js';
import { DETACH } from '../options.js';
import { countValue } from '../parse.js';
import { changeLines } from './change-lines.js';

interface RollbackOptions {
  message?: string;
  detach?: boolean;
}

export const command = defineCommand<RollbackOptions>({
  arguments: '<stack-or-service> [number]',
  options: [{ flags: '-m, --message <text>', summary: 'why, for `tsctl history`' }, DETACH],
  details:
    'Makes an earlier release of a stack current again, as a new release: services, networks, configs and secrets become what they were, and what came later is removed. Without a number, the last release before the current one that was completed. Of a service, only its own spec goes back: to that of the numbered release of its stack, or without a number to what it ran before; for a service without a stack the number is one of its revisions. Tasks are replaced by the rollback settings. Waits, with the exit codes of deploy.',
  examples: [
    { line: 'tsctl rollback shop', does: 'back to the last good release' },
    { line: 'tsctl rollback shop 3 -m "5 loses orders"', does: 'back to release 3' },
    { line: 'tsctl rollback shop_web', does: 'one service, to what it ran before' },
  ],
  async run(session, [ref = '', text], options) {
    const number = text === undefined ? undefined : countValue(text);
    const client = await session.client();
    const service = await ifFound(client.call('getService', { params: { ref } }));
    return service ? ofService(session, client, service.service, number, options) : ofStack(session, client, ref, number, options);
  },
});

async function ofStack(
  session: Session,
  client: Client,
  ref: string,
  number: number | undefined,
  options: RollbackOptions,
): Promise<number> {
  const { message, detach } = options;
  const body = { ...(number !== undefined && { release: number }), ...(message !== undefined && { message }) };
  const { stack } = await onlyExisting(client.call('getStack', { params: { ref } }), 'service or stack', ref);
  const result: DeployResult = await client.call('rollbackStack', { params: { ref: stack.id }, body });
  session.note(...changeLines(result.changes, session.errorStyle));
  if (result.release === stack.release) session.note('nothing to do: all is as it was in that release');
  else session.note(`release ${result.release} of ${stack.name}`);
  if (!detach)
    await waitConverged(session, { what: `the rollback of ${stack.name}`, stack: stack.name, hint: `see: tsctl ps ${stack.name}` });
  if (wantsData(session)) await printData(session, result);
  return 0;
}

async function ofService(
  session: Session,
  client: Client,
  before: Service,
  number: number | undefined,
  { detach }: RollbackOptions,
): Promise<number> {
  const { name } = before.spec;
  const body = number === undefined ? {} : { number };
  const service = await client.call('rollbackService', { params: { ref: before.id }, body });
  session.note(service.specRevision === before.specRevision ? 'nothing to do: it is as it was' : `~ service ${name} goes back`);
  if (!detach)
    await waitConverged(session, { what: `the rollback of ${name}`, serviceIds: new Set([service.id]), hint: `see: tsctl ps ${name}` });
  if (wantsData(session)) await printData(session, service);
  return 0;
}
