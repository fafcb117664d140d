import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import type { BadInput, Group } from './case.js';
import { CLUSTER } from './cluster-cases.js';
import { COMPOSE } from './compose-cases.js';
import { DAEMONS } from './daemon-cases.js';
import { formatGolden, type Golden, goldenFile, readGolden } from './golden.js';
import { ORCHESTRATION } from './orchestration-cases.js';
import { USAGE } from './usage-cases.js';
import { World } from './world.js';

/** What the product promises. */
const MIN_CASES = 150;
const WORKERS = 3;
const GROUPS: readonly Group[] = [USAGE, COMPOSE, CLUSTER, ORCHESTRATION, DAEMONS];

const STACK = `services:
  web:
    image: <image>
    command: ["sleep", "1000"]
    ports: ["8088:80"]
    networks: [front, back]
    configs: [site]
    secrets: [key]
    deploy: {replicas: 2}
  agent:
    image: <image>
    command: ["sleep", "1000"]
    deploy: {mode: global}
networks:
  front: {external: true}
  back: {}
configs:
  site: {external: true, name: shop-site}
secrets:
  key: {external: true, name: shop-key}
`;
const PREPARATION = [
  'tsctl network create front --subnet 10.200.0.0/24',
  'tsctl config create shop-site compose.yml',
  'tsctl secret create shop-key compose.yml',
  'tsctl deploy shop --timeout 60s',
];

/** The real commands against a real cluster, and every word that they say when something is wrong. */
describe('Bad input is told of with cause and cure', () => {
  const world = new World();
  const shown = new Map(GROUPS.map(({ title }) => [title, new Map<string, string>()]));
  const isUpdate = process.env.UPDATE_GOLDEN === '1';
  let golden: Golden;

  before(async () => {
    golden = await readGolden();
    await world.create();
    await world.prepareStack({ 'compose.yml': STACK }, PREPARATION);
  });

  after(async () => {
    await world.destroy();
    if (isUpdate) await writeFile(goldenFile(), formatGolden(shown));
  });

  it(`in ${MIN_CASES} cases at least, each with a title of its own`, () => {
    for (const { title, cases } of GROUPS) assert.equal(new Set(cases.map((each) => each.title)).size, cases.length, title);
    assert.ok(GROUPS.flatMap(({ cases }) => cases).length >= MIN_CASES);
  });

  for (const { title: group, cases, parallel } of GROUPS) {
    describe(group, () => {
      const played = new Map<BadInput, ReturnType<World['play']>>();
      before(async () => {
        if (!parallel) return;
        const rest = [...cases];
        const worker = async (): Promise<void> => {
          for (let next = rest.shift(); next; next = rest.shift()) {
            const result = world.play(next);
            played.set(next, result);
            await result.catch(() => {});
          }
        };
        await Promise.all(Array.from({ length: WORKERS }, worker));
      });

      for (const input of cases) {
        it(`when ${input.title}`, async () => {
          const { shown: text, before: former, after: present } = await (played.get(input) ?? world.play(input));
          shown.get(group)?.set(input.title, text);
          if (!input.changes) assert.deepEqual(present, former, 'something was changed in spite of the refusal');
          if (!isUpdate) assert.equal(text, golden.get(group)?.get(input.title));
        });
      }
    });
  }

  it('and nothing else is in the golden file', () => {
    if (isUpdate) return;
    assert.deepEqual(
      [...golden.keys()],
      GROUPS.map(({ title }) => title),
    );
    for (const { title, cases } of GROUPS)
      assert.deepEqual(
        [...(golden.get(title)?.keys() ?? [])],
        cases.map((each) => each.title),
      );
  });
});
