import type { Client } from '@tessera/api';
import { EXIT } from '../exit.js';
import { Failure } from '../failure.js';
import { printData } from '../output/print.js';
import { defineCommand } from './define.js';
import { ifFound, pick } from './lookup.js';

/** How an object of each kind is looked up by a reference; more than one where names may repeat. */
const LOOKUPS: Readonly<Record<string, (client: Client, ref: string) => Promise<unknown[]>>> = {
  stack: (client, ref) => one(client.call('getStack', { params: { ref } })),
  service: (client, ref) => one(client.call('getService', { params: { ref } })),
  task: (client, ref) => one(client.call('getTask', { params: { ref } })),
  node: (client, ref) => one(client.call('getNode', { params: { ref } })),
  network: (client, ref) => one(client.call('getNetwork', { params: { ref } })),
  config: async (client, ref) => pick(await client.call('listConfigs', {}), ref),
  secret: async (client, ref) => pick(await client.call('listSecrets', {}), ref),
};
const KINDS = Object.keys(LOOKUPS);

export const command = defineCommand<{ type?: string }>({
  arguments: '<object...>',
  options: [{ flags: '--type <kind>', summary: `only this kind: ${KINDS.join(', ')}`, choices: KINDS }],
  details: 'Prints all that is known of stacks, services, tasks, nodes, networks, configs or secrets, as JSON or YAML.',
  examples: [
    { line: 'tsctl inspect shop_web', does: 'a service' },
    { line: 'tsctl inspect --type node node1 -o yaml', does: 'a node, as YAML' },
  ],
  async run(session, references, { type }) {
    const client = await session.client();
    const found = await Promise.all(references.map((reference) => findOne(client, reference, type === undefined ? KINDS : [type])));
    await printData(session, found);
    return 0;
  },
});

async function findOne(client: Client, reference: string, kinds: readonly string[]): Promise<unknown> {
  const answers = await Promise.all(kinds.map(async (kind) => ({ kind, objects: (await LOOKUPS[kind]?.(client, reference)) ?? [] })));
  const hits = answers.flatMap(({ kind, objects }) => objects.map((object) => ({ kind, object })));
  const [first] = hits;
  if (first === undefined)
    throw new Failure(`there is no ${kinds.length === 1 ? kinds[0] : 'object'} "${reference}"`, { exitCode: EXIT.notFound });
  if (hits.length > 1) {
    const names = hits.map((hit) => hit.kind).join(', ');
    throw new Failure(`"${reference}" is the name of several objects: ${names}`, {
      exitCode: EXIT.usage,
      cure: `say which: tsctl inspect --type ${first.kind} ${reference}`,
    });
  }
  return first.object;
}

async function one<T>(answer: Promise<T>): Promise<T[]> {
  const value = await ifFound(answer);
  return value === undefined ? [] : [value];
}
