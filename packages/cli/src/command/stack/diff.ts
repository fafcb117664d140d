import { EXIT } from '../../exit.js';
import { printData, wantsData } from '../../output/print.js';
import type { Style } from '../../output/style.js';
import { compareSnapshots, type FieldChange, type ObjectDifference } from '../../release/compare.js';
import { snapshotOfNow, snapshotOfRelease } from '../../release/snapshot.js';
import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';
import { countValue } from '../parse.js';

export const command = defineCommand<{ exitCode?: boolean }>({
  arguments: '<stack> [from] [to]',
  options: [{ flags: '--exit-code', summary: 'exit code 3 when there is a difference' }],
  details:
    'Compares two releases of a stack, field by field. Without the second number, with the stack as it is now; without both, the current release with now: what was changed by other means than a deploy.',
  examples: [
    { line: 'tsctl diff shop 3 5', does: 'from release 3 to release 5' },
    { line: 'tsctl diff shop 3', does: 'from release 3 to what is there now' },
    { line: 'tsctl diff shop', does: 'what was scaled or updated since the last deploy' },
  ],
  async run(session, [stack = '', from, to], { exitCode }) {
    const client = await session.client();
    const numbers = [from, to].map((text) => (text === undefined ? undefined : countValue(text)));
    const first = numbers[0] ?? (await onlyExisting(client.call('getStack', { params: { ref: stack } }), 'stack', stack)).stack.release;
    const [before, after] = await Promise.all([
      first === undefined ? snapshotOfNow(client, stack) : snapshotOfRelease(client, stack, first),
      numbers[1] === undefined ? snapshotOfNow(client, stack) : snapshotOfRelease(client, stack, numbers[1]),
    ]);
    const differences = compareSnapshots(before, after);
    if (wantsData(session)) await printData(session, differences);
    else if (differences.length === 0) session.print('no difference');
    else session.print(...differences.flatMap((difference) => linesOf(difference, session.style)));
    return exitCode && differences.length > 0 ? EXIT.changes : EXIT.ok;
  },
});

function linesOf({ kind, name, change, fields }: ObjectDifference, style: Style): string[] {
  if (change === 'added') return [style.green(`+ ${kind} ${name}`)];
  if (change === 'removed') return [style.red(`- ${kind} ${name}`)];
  return [style.yellow(`~ ${kind} ${name}`), ...fields.map((field) => `    ${describe(field)}`)];
}

function describe({ field, from, to }: FieldChange): string {
  if (from === undefined) return `${field}: + ${to}`;
  return to === undefined ? `${field}: - ${from}` : `${field}: ${from} -> ${to}`;
}
