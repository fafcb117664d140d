import type { Client, Config } from '@tessera/api';
import { usageFailure } from '../../failure.js';
import { printData, printListing, wantsData } from '../../output/print.js';
import type { Column } from '../../output/table.js';
import { formatDuration } from '../../output/units.js';
import type { Session } from '../../session.js';
import { type CommandDefinition, defineCommand } from '../define.js';
import { onlyExisting } from '../lookup.js';
import { QUIET } from '../options.js';
import { pairValue } from '../parse.js';

/** Configs and secrets are handled alike, but for their routes and bounds. */
export interface FileKind {
  noun: 'config' | 'secret';
  maxBytes: number;
  list(client: Client): Promise<Config[]>;
  create(client: Client, body: Config['spec']): Promise<Config>;
  remove(client: Client, ref: string): Promise<unknown>;
}

export function listCommand({ noun, list }: FileKind): CommandDefinition {
  return defineCommand<{ quiet?: boolean }>({
    options: [QUIET],
    examples: [{ line: `tsctl ${noun} ls`, does: `all ${noun}s, without their content` }],
    async run(session, _args, { quiet }) {
      const files = (await list(await session.client())).sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
      const data = files.map(({ spec: { data: _, ...spec }, ...rest }) => ({ ...rest, spec }));
      const ids = files.map((file) => file.id);
      await printListing(session, { columns: columnsAt(session.io.clock.now()), rows: files, data, ids, quiet, empty: `no ${noun}s` });
      return 0;
    },
  });
}

export function createCommand({ noun, maxBytes, create }: FileKind): CommandDefinition {
  return defineCommand<{ label?: [string, string][] }>({
    arguments: '<name> [file]',
    options: [{ flags: '--label <key=value>', summary: 'a label', repeat: true, parse: pairValue }],
    details: `The content comes from the file, or from standard input when the file is "-" or absent. It is never an argument: those show in the list of processes. At most ${maxBytes} bytes.`,
    examples: [
      { line: `tsctl ${noun} create ${noun}-name ./content.txt`, does: 'from a file' },
      { line: `generate | tsctl ${noun} create ${noun}-name`, does: 'from standard input' },
    ],
    async run(session, [name = '', path = '-'], { label = [] }) {
      const content = await contentOf(session, path);
      if (content.length > maxBytes)
        throw usageFailure(
          `${path === '-' ? 'the input' : path} has ${content.length} bytes; a ${noun} has at most ${maxBytes}`,
          'keep large files in an image or a volume',
        );
      const body = { name, labels: Object.fromEntries(label), data: Buffer.from(content).toString('base64') };
      const created = await create(await session.client(), body);
      if (wantsData(session)) await printData(session, { ...created, spec: { ...created.spec, data: undefined } });
      else session.print(created.id);
      return 0;
    },
  });
}

export function removeCommand({ noun, remove }: FileKind): CommandDefinition {
  return defineCommand({
    arguments: `<${noun}...>`,
    examples: [{ line: `tsctl ${noun} rm old-name`, does: `remove a ${noun} that no service uses` }],
    async run(session, references) {
      const client = await session.client();
      for (const ref of references) {
        await onlyExisting(remove(client, ref), noun, ref);
        session.print(ref);
      }
      return 0;
    },
  });
}

async function contentOf({ io }: Session, path: string): Promise<Uint8Array> {
  if (path !== '-') {
    const content = await io.files.read(path);
    if (content === undefined)
      throw usageFailure(`the file ${path} does not exist`, `check the path: it is looked for from ${io.workingDirectory}`);
    return content;
  }
  if (io.stdinIsTerminal) throw usageFailure('no content: standard input is a terminal', 'name a file, or pipe the content in');
  return io.readStdin();
}

function columnsAt(nowMs: number): Column<Config>[] {
  return [
    { title: 'ID', value: (file) => file.id, wide: true },
    { title: 'NAME', value: (file) => file.spec.name },
    { title: 'STACK', value: (file) => file.spec.stack ?? '-' },
    { title: 'HASH', value: (file) => file.hash.slice(0, 12) },
    { title: 'CREATED', value: (file) => `${formatDuration(nowMs - file.createdAt)} ago` },
  ];
}
