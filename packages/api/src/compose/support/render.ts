import { SUPPORT, type SupportRow, type SupportStatus } from './table.js';

const WORDS: Readonly<Record<SupportStatus, string>> = {
  honoured: 'yes',
  partly: 'partly',
  ignored: 'no, with a warning',
  refused: 'no, an error',
};

const INTRODUCTION = `# Compose files

\`tsctl deploy\` reads the whole current Compose specification, and files written for \`docker stack deploy\` as they are. Nothing is
dropped silently: what cannot be honoured is named with its file and line, as a warning, or as an error where the service would be
wrong without it. Keys that begin with \`x-\` are yours, but for those in the table.

What differs from \`docker stack deploy\`: \`restart: "no"\` means no restart; \`depends_on\` is honoured with its conditions, and a service that
another waits for to complete is restarted on failure only; \`.env\` is read; numbers in \`environment\` and \`labels\` keep the form they
were written in (\`1.10\` stays \`1.10\`); a config or secret whose content changed replaces the tasks that use it.

In this table \`*\` is a name that you give and \`[]\` an item of a list. It is generated from the code that the loader consults:
run \`npm run docs\` to renew it.
`;

/** docs/compose.md: what Tessera makes of every key of a Compose file. */
export function renderSupportTable(): string {
  const lines = [...SUPPORT].sort((a, b) => (a.key < b.key ? -1 : 1)).map(renderRow);
  return [INTRODUCTION, '| Key | Honoured | Note |', '|---|---|---|', ...lines, ''].join('\n');
}

function renderRow({ key, status, note = '' }: SupportRow): string {
  return `| \`${key}\` | ${WORDS[status]} | ${note} |`;
}
