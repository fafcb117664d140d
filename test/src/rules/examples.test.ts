import assert from 'node:assert/strict';
import type { ServiceSpec, StackSpec } from '@tessera/api';
import { loadCompose } from '@tessera/api/compose/index';
import { readyNode, serviceSpec } from '@tessera/manager/model/testing/builders';
import { FILTERS } from '@tessera/manager/schedule/filters/index';
import { ScheduledWorld } from '@tessera/manager/schedule/testing/scheduled-world';
import { filesBelow } from './source-tree.js';

const GIB = 1024 ** 3;
const YAML_BLOCK = /^```yaml\n([\s\S]*?)^```/gm;
const DIR = '/example';

interface Example {
  /** Document, and the how manieth of it. */
  name: string;
  text: string;
}

function examples(path: string, text: string): Example[] {
  return [...text.matchAll(YAML_BLOCK)].map(([, block = ''], index) => ({ name: `${path}, example ${index + 1}`, text: whole(block) }));
}

/** What is shown in part is put where it belongs: services below `services`, keys below a service, and networks beside one. */
function whole(block: string): string {
  const depth = block.search(/\S/);
  if (depth === 2) return `services:\n${block}`;
  if (depth === 4) return `services:\n  example:\n    image: example:1\n    deploy: {mode: replicated-job}\n${block}`;
  return block.includes('services:') ? block : `services:\n  example: {image: "example:1"}\n${block}`;
}

/** Files that an example names are there. */
async function load({ text }: Example): Promise<StackSpec> {
  const read = { read: async (path: string) => new TextEncoder().encode(path === `${DIR}/compose.yml` ? text : '# empty') };
  const { stack } = await loadCompose({ files: ['compose.yml'], read, env: {}, workingDir: DIR });
  return stack;
}

describe('The examples of the documents', () => {
  const documents = [...filesBelow('docs', '.md'), ...filesBelow('.', '.md').filter(({ path }) => path === 'README.md')];
  const all = documents.flatMap(({ path, text }) => examples(path, text));

  it('are there', () => {
    assert.ok(all.length >= 15, `only ${all.length}`);
  });

  for (const example of all) {
    it(`are Compose files that load: ${example.name}`, async () => {
      assert.ok((await load(example)).services.length > 0);
    });
  }
});

describe('The page about scheduling', () => {
  const page = filesBelow('docs', '.md').find(({ path }) => path === 'docs/scheduling.md')!.text;

  it('has a row for each rule of the scheduler', () => {
    const table = page.slice(page.indexOf('## Rules that must hold'), page.indexOf('```yaml'));
    assert.equal(table.match(/^\| (?!rule |---)/gm)?.length, FILTERS.length);
  });

  const CAPABILITIES: Record<string, (spec: ServiceSpec) => boolean> = {
    'reserved processor and memory': ({ template: { reservations } }) => reservations.nanoCpus > 0 && reservations.memoryBytes > 0,
    'generic resources': ({ template: { reservations } }) => reservations.generic.some(({ count }) => count > 0),
    'GPUs of the engine': ({ template }) => template.container.deviceRequests.length > 0,
    'equality in constraints': hasConstraint(/==/),
    'sets in constraints': hasConstraint(/ in \(/),
    'numbers in constraints': hasConstraint(/>=/),
    'patterns in constraints': hasConstraint(/!~|=~/),
    platform: ({ placement }) => placement.platforms.length > 0,
    'host ports': ({ ports }) => ports.some(({ mode, published }) => mode === 'host' && published !== undefined),
    'most replicas on a node': ({ placement }) => placement.maxReplicasPerNode > 0,
    'local volumes': ({ template }) => template.container.mounts.some(({ type, source }) => type === 'volume' && source !== undefined),
    tolerations: ({ placement }) => (placement.tolerations ?? []).length > 1,
    'apart, required': ({ placement }) => placement.affinity?.apart.some(({ weight }) => weight === undefined) ?? false,
    'apart by labels': ({ placement }) => placement.affinity?.apart.some(({ labels }) => labels !== undefined) ?? false,
    'near, wished for': ({ placement }) => placement.affinity?.near.some(({ weight }) => weight !== undefined) ?? false,
    'a topology': ({ placement }) => placement.affinity?.near.some(({ topology }) => topology === 'node.labels.zone') ?? false,
    'wished nodes': ({ placement }) => (placement.affinity?.nodes ?? []).length > 0,
    'nested spread preferences': ({ placement }) => placement.preferences.length > 1,
    binpack: ({ placement }) => placement.strategy === 'binpack',
    'a priority above others': ({ placement }) => (placement.priority ?? 0) > 0,
    'a priority below others': ({ placement }) => (placement.priority ?? 0) < 0,
    'a task on each node': ({ mode }) => mode.kind === 'global',
    rebalancing: ({ rebalance }) => rebalance !== undefined,
  };

  for (const [capability, shows] of Object.entries(CAPABILITIES)) {
    it(`shows how ${capability} is written`, async () => {
      const stacks = await Promise.all(examples('docs/scheduling.md', page).map(load));
      assert.ok(stacks.some(({ services }) => services.some(shows)));
    });
  }

  it('quotes a refusal as the scheduler says it', () => {
    const world = new ScheduledWorld();
    for (let index = 0; index < 40; index++) {
      const memoryBytes = index === 0 ? 1.4 * GIB : GIB;
      world.putNode(readyNode(`n${index}`, { labels: index < 22 ? { disk: 'ssd' } : {}, resources: { memoryBytes } }));
    }
    const spec = serviceSpec('db', 1, (draft) => {
      draft.placement.constraints = ['node.labels.disk==ssd'];
      draft.template.reservations.memoryBytes = 2 * GIB;
    });
    world.deploy('db', 1, spec);
    world.pass();
    const { message } = world.view.get('tasks', 'db.1')!.status;
    assert.ok(message.startsWith('0/40 nodes: 22 not enough memory'));
    assert.ok(page.includes(`\n${message}\n`), message);
  });
});

function hasConstraint(pattern: RegExp): (spec: ServiceSpec) => boolean {
  return ({ placement }) => placement.constraints.some((constraint) => pattern.test(constraint));
}
