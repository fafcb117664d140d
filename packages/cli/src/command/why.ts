import type { Finding, WhyAnswer } from '@tessera/api';
import { EXIT } from '../exit.js';
import { Failure } from '../failure.js';
import { printData, wantsData } from '../output/print.js';
import type { Style } from '../output/style.js';
import type { Session } from '../session.js';
import { defineCommand } from './define.js';
import { ifFound } from './lookup.js';

const KINDS = ['service', 'task', 'node'] as const;
/** Names that are listed of those that a finding is about. */
const MOST_NAMES = 5;

export const command = defineCommand<{ kind?: (typeof KINDS)[number]; exitCode?: boolean }>({
  arguments: '<service-task-or-node>',
  options: [
    { flags: '--kind <kind>', summary: 'what the name stands for, when it could be several', choices: KINDS },
    { flags: '--exit-code', summary: 'end with 1 when something is wrong that waiting does not mend' },
  ],
  details:
    'For all that does not run, or not where it should: the reason, what it waits for, and what helps. A task is named by its id, the beginning of it, or as shop_web.2.',
  examples: [
    { line: 'tsctl why shop_web', does: 'why a service is not as asked, or has as many tasks as it has' },
    { line: 'tsctl why shop_web.2', does: 'why one task does not run' },
    { line: 'tsctl why node3', does: 'why a node takes no tasks, or keeps some' },
  ],
  async run(session, [ref = ''], { kind, exitCode }) {
    const client = await session.client();
    const answer = await ifFound(client.call('why', { params: { ref }, query: { ...(kind && { kind }) } }));
    if (!answer)
      throw new Failure(`there is no service, task or node "${ref}"`, {
        exitCode: EXIT.notFound,
        cure: 'see what there is: tsctl services, tsctl ps -a, tsctl node ls',
      });
    if (wantsData(session)) await printData(session, answer);
    else session.print(...lines(session, answer));
    return exitCode && answer.findings.some(({ level }) => level === 'problem') ? EXIT.failed : EXIT.ok;
  },
});

function lines({ style }: Session, { kind, name, summary, findings }: WhyAnswer): string[] {
  const head = `${kind} ${style.bold(name)}: ${summary}`;
  if (findings.length === 0) return [head, 'nothing is in its way'];
  return [head, ...findings.flatMap((finding) => ['', ...linesOf(finding, name, style)])];
}

function linesOf({ level, about, text, details, cure }: Finding, name: string, style: Style): string[] {
  const mark = { problem: style.red('✗'), waiting: style.yellow('…'), note: style.dim('·') }[level];
  const others = about.filter((one) => one !== name);
  const names =
    others.length > MOST_NAMES ? `${others.slice(0, MOST_NAMES).join(', ')} and ${others.length - MOST_NAMES} more` : others.join(', ');
  return [
    `${mark} ${names === '' ? '' : `${names}: `}${text}`,
    ...details.map((detail) => `    ${detail}`),
    ...(cure === undefined ? [] : [`    ${style.bold('cure:')} ${cure}`]),
  ];
}
