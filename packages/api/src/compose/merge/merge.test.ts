import assert from 'node:assert/strict';
import fc from 'fast-check';
import { load, serviceOf, web } from '../fixture.test.js';
import { type ComposeNode, listNode, type MapNode, mapNode, scalarNode, toPlain } from '../yaml/node.js';
import { mergeDocuments } from './merge.js';

const two = (base: string, over: string) => load({ 'a.yml': web(base), 'b.yml': web(over) }, { files: ['a.yml', 'b.yml'] });

describe('A later file', () => {
  it('replaces single values and commands', async () => {
    const { container } = serviceOf(
      await two('hostname: a\ncommand: a b\nentrypoint: [x]', 'hostname: b\ncommand: c\nentrypoint: [y, z]'),
    ).template;
    assert.deepEqual([container.hostname, container.args, container.command], ['b', ['c'], ['y', 'z']]);
  });

  it('lays its variables over the earlier ones, in either form', async () => {
    const { container } = serviceOf(await two('environment: [A=1, B=1]', 'environment: {B: 2, C: 3}')).template;
    assert.deepEqual(container.env, ['A=1', 'B=2', 'C=3']);
  });

  it('adds ports, and replaces one that is the same', async () => {
    const { ports } = serviceOf(await two('ports: ["80:80", "81:81"]', 'ports: ["82:82", {target: 80, published: 80, name: http}]'));
    assert.deepEqual(
      ports.map((port) => [port.published, port.name]),
      [
        [80, 'http'],
        [81, undefined],
        [82, undefined],
      ],
    );
  });

  it('replaces a mount with the same target', async () => {
    const { mounts } = serviceOf(await two('volumes: ["/a:/x", "/b:/y"]', 'volumes: ["/c:/x:ro"]')).template.container;
    assert.deepEqual(
      mounts.map((mount) => [mount.source, mount.target]),
      [
        ['/c', '/x'],
        ['/b', '/y'],
      ],
    );
  });

  it('adds to lists without repeating an item', async () => {
    const { capAdd } = serviceOf(await two('cap_add: [A, B]', 'cap_add: [B, C]')).template.container;
    assert.deepEqual(capAdd, ['A', 'B', 'C']);
  });

  it('merges log options of one driver, but not of two', async () => {
    const log = async (over: string) => serviceOf(await two('logging: {driver: syslog, options: {a: "1"}}', over)).template.container.log;
    assert.deepEqual(await log('logging: {options: {b: "2"}}'), { driver: 'syslog', options: { a: '1', b: '2' } });
    assert.deepEqual(await log('logging: {driver: local, options: {b: "2"}}'), { driver: 'local', options: { b: '2' } });
  });

  it('takes a key away with !reset', async () => {
    const service = serviceOf(await two('ports: ["80:80"]\nenvironment: {A: 1, B: 2}', 'ports: !reset []\nenvironment: {A: !reset null}'));
    assert.deepEqual([service.ports, service.template.container.env], [[], ['B=2']]);
  });

  it('replaces instead of merging with !override', async () => {
    const service = serviceOf(
      await two('ports: ["80:80"]\nenvironment: {A: 1}', 'ports: !override ["81:81"]\nenvironment: !override {B: 2}'),
    );
    assert.deepEqual([service.ports.map((port) => port.published), service.template.container.env], [[81], ['B=2']]);
  });

  it('is to blame for what it says', async () => {
    const { warnings } = await two('hostname: a', 'container_name: b');
    assert.deepEqual(warnings, [
      'b.yml:4:5: warning: services.web.container_name: is ignored: containers are named after their tasks; the service is reached by its own name',
    ]);
  });
});

describe('Merging documents', () => {
  const at = { file: 'f', line: 1, column: 1 };
  const scalar = fc.oneof(fc.nat(3), fc.constantFrom('a', 'b')).map((value) => scalarNode(value, at));
  const key = fc.constantFrom('command', 'environment', 'cap_add', 'deploy', 'labels');
  const texts = fc.uniqueArray(fc.constantFrom('A', 'B', 'C')).map((items) =>
    listNode(
      items.map((item) => scalarNode(item, at)),
      at,
    ),
  );
  const dict = fc.dictionary(fc.constantFrom('x', 'y', 'z'), scalar).map((values) => mapNode(values, at));
  const valuesOf: Record<string, fc.Arbitrary<ComposeNode>> = {
    command: texts,
    environment: dict,
    cap_add: texts,
    deploy: dict,
    labels: dict,
  };
  const service = fc
    .uniqueArray(key)
    .chain((keys) => fc.tuple(...keys.map((name) => (valuesOf[name] ?? dict).map((value) => [name, value] as const))));
  const document = fc.dictionary(fc.constantFrom('web', 'db'), service).map(
    (services): MapNode =>
      mapNode(
        {
          services: mapNode(
            Object.fromEntries(Object.entries(services).map(([name, keys]) => [name, mapNode(Object.fromEntries(keys), at)])),
            at,
          ),
        },
        at,
      ),
  );

  it('gives the same however three files are bracketed', () => {
    fc.assert(
      fc.property(document, document, document, (a, b, c) => {
        assert.deepEqual(toPlain(mergeDocuments(mergeDocuments(a, b), c)), toPlain(mergeDocuments(a, mergeDocuments(b, c))));
      }),
    );
  });

  it('changes nothing when a file is merged with itself', () => {
    fc.assert(fc.property(document, (a) => assert.deepEqual(toPlain(mergeDocuments(a, a)), toPlain(a))));
  });
});
