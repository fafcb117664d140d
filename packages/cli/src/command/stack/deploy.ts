import { printData, wantsData } from '../../output/print.js';
import { waitConverged } from '../../wait/converge.js';
import { waitRelease } from '../../wait/release.js';
import { defineCommand } from '../define.js';
import { changeLines, warningLines } from './change-lines.js';
import { COMPOSE_OPTIONS, type ComposeOptions, loadStack, RESOLVE_IMAGE, type ResolveOptions } from './compose-files.js';
import { planHashValue } from './plan-hash.js';

interface DeployOptions extends ComposeOptions, ResolveOptions {
  prune?: boolean;
  atomic?: boolean;
  plan?: string;
  message?: string;
  wait?: boolean;
  detach?: boolean;
}

export const command = defineCommand<DeployOptions>({
  arguments: '[name]',
  options: [
    ...COMPOSE_OPTIONS,
    RESOLVE_IMAGE,
    { flags: '--prune', summary: 'remove services of the stack that the files do not name' },
    { flags: '--atomic', summary: 'if a service fails, all of the stack go back to the last good release' },
    {
      flags: '--plan <hash>',
      summary: 'only if it still does what `tsctl plan` said, whose hash this is; exit code 9 if not',
      parse: planHashValue,
    },
    { flags: '-m, --message <text>', summary: 'what it is about, for `tsctl history`' },
    { flags: '-w, --wait', summary: 'wait until all services run (the default)' },
    { flags: '-d, --detach', summary: 'return as soon as the manager has taken the stack over' },
  ],
  details:
    'Creates the stack or makes it as the files say, all or nothing. Then waits until every service runs as asked and the nodes send clients to it: exit code 0 when they do, 6 when an update was rolled back, 7 when one is paused, 8 when tasks did not come up before the progress deadline, 1 when they fail in other ways, 124 when --timeout (15m unless given) is over. Without -f, compose.yaml, compose.yml, docker-compose.yaml or docker-compose.yml here is taken, with its override file.',
  examples: [
    { line: 'tsctl deploy -f compose.yml shop', does: 'deploy and wait until it runs' },
    { line: 'tsctl deploy -f compose.yml -f prod.yml --timeout 5m', does: 'two files merged; at most 5 minutes' },
    { line: 'tsctl deploy --atomic -m "new checkout" shop', does: 'all or nothing: a service that fails takes the whole stack back' },
    { line: 'tsctl deploy --detach --prune', does: 'compose.yml of this folder; do not wait; remove what it no longer names' },
  ],
  async run(session, args, options) {
    const spec = await loadStack(session, args[0], options);
    const client = await session.client();
    const query = queryOf(options);
    const result = await client.call('deployStack', { params: { ref: spec.name }, query, body: spec });
    session.note(...warningLines(result.warnings, session.errorStyle), ...changeLines(result.changes, session.errorStyle));
    const changed = result.changes.some((change) => change.outcome !== 'unchanged');
    if (options.detach && !options.wait) {
      if (wantsData(session)) await printData(session, result);
      else session.note(`see how it goes: tsctl ps ${spec.name}`);
      return 0;
    }
    const wait = { what: `the deploy of ${spec.name}`, stack: spec.name, hint: `see: tsctl ps ${spec.name}` };
    const asRelease = options.atomic && changed && result.release !== undefined;
    const progress = asRelease ? await waitRelease(session, spec.name, result.release!) : await waitConverged(session, wait);
    if (wantsData(session)) await printData(session, { ...result, progress });
    return 0;
  },
});

function queryOf({ prune = false, atomic, message, plan, resolveImage = 'always' }: DeployOptions) {
  return {
    prune,
    resolve: resolveImage,
    ...(atomic && { atomic }),
    ...(message !== undefined && { message }),
    ...(plan !== undefined && { plan }),
  };
}
