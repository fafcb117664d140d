import type { Client, Release } from '@tessera/api';
import { printListing } from '../../output/print.js';
import type { Column } from '../../output/table.js';
import { formatDuration } from '../../output/units.js';
import { defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';
import { QUIET } from '../options.js';

interface Row {
  release: Release;
  current: boolean;
}

export const command = defineCommand<{ quiet?: boolean }>({
  arguments: '[stack]',
  options: [QUIET],
  details: 'Each deploy that changes something of a stack makes a release. The last 20 of each stack are kept; * is the current one.',
  examples: [
    { line: 'tsctl history shop', does: 'the releases of a stack, and what came of them' },
    { line: 'tsctl history', does: 'those of all stacks, the newest first' },
  ],
  async run(session, [stack], { quiet }) {
    const client = await session.client();
    const rows = stack === undefined ? await ofAll(client) : await ofOne(client, stack);
    rows.sort((a, b) => b.release.createdAt - a.release.createdAt || b.release.number - a.release.number);
    await printListing(session, {
      columns: columns(session.io.clock.now(), stack === undefined),
      rows,
      data: rows.map(({ release }) => release),
      ids: rows.map(({ release }) => (stack === undefined ? `${release.stack} ${release.number}` : String(release.number))),
      quiet,
      empty: 'no releases yet: tsctl deploy',
    });
    return 0;
  },
});

async function ofAll(client: Client): Promise<Row[]> {
  const stacks = await client.call('listStacks', {});
  return (await Promise.all(stacks.map(({ name }) => ofOne(client, name)))).flat();
}

/** The newest is the current one: numbers only grow. */
async function ofOne(client: Client, stack: string): Promise<Row[]> {
  const releases = await onlyExisting(client.call('listReleases', { params: { ref: stack } }), 'stack', stack);
  const newest = Math.max(...releases.map(({ number }) => number));
  return releases.map((release) => ({ release, current: release.number === newest }));
}

function columns(nowMs: number, several: boolean): readonly Column<Row>[] {
  return [
    ...(several ? [{ title: 'STACK', value: ({ release }: Row) => release.stack }] : []),
    { title: 'RELEASE', value: ({ release, current }) => `${release.number}${current ? '*' : ''}` },
    { title: 'MADE', value: ({ release }) => `${formatDuration(nowMs - release.createdAt)} ago` },
    { title: 'BY', value: ({ release }) => release.author },
    { title: 'SERVICES', value: ({ release }) => String(release.services.length), right: true, wide: true },
    { title: 'STATE', value: ({ release }) => release.outcome.state, paint: (text, { release }, style) => paint(release)(style)(text) },
    { title: 'MESSAGE', value: ({ release }) => describe(release), shrink: true },
  ];
}

function paint({ outcome: { state } }: Release) {
  return (style: { red(text: string): string; green(text: string): string }): ((text: string) => string) => {
    if (state === 'completed') return style.green;
    return state === 'failed' || state === 'rolled-back' ? style.red : (text) => text;
  };
}

function describe({ message, restores, outcome }: Release): string {
  const said = [
    ...(restores === undefined ? [] : [`release ${restores} again`]),
    ...(message === undefined ? [] : [message]),
    ...(outcome.state === 'completed' || outcome.message === '' ? [] : [outcome.message]),
  ];
  return said.join('; ');
}
