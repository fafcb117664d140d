import assert from 'node:assert/strict';
import { faultsOf, load, memoryFiles, serviceOf, web } from '../fixture.test.js';
import { findDefaultFiles } from './default-files.js';

const NGINX = web('hostname: x');

describe("A stack's name", () => {
  const cases: [title: string, file: string, options: object, name: string][] = [
    ['is the option before all', `name: file\n${NGINX}`, { projectName: 'option', env: { COMPOSE_PROJECT_NAME: 'env' } }, 'option'],
    ['is COMPOSE_PROJECT_NAME before the file', `name: file\n${NGINX}`, { env: { COMPOSE_PROJECT_NAME: 'env' } }, 'env'],
    ['is the name of the file', `name: file\n${NGINX}`, {}, 'file'],
    ['is the name of the file with its variables', `name: f-$X\n${NGINX}`, { env: { X: 'y' } }, 'f-y'],
    ['is made of the folder', NGINX, {}, 'p'],
  ];
  for (const [title, file, options, name] of cases) {
    it(title, async () => assert.equal((await load(file, options)).stack.name, name));
  }

  it('of a folder is made fit', async () => {
    const { stack } = await load({ '/x/My App_1.0/compose.yml': NGINX }, { workingDir: '/x/My App_1.0' });
    assert.equal(stack.name, 'myapp_10');
  });
});

describe('Variables', () => {
  const hostname = async (files: Record<string, string>, options: object = {}) =>
    serviceOf(await load({ 'compose.yml': web('hostname: $A'), ...files }, options)).template.container.hostname;

  it('come from .env beside the file (moby/moby 29133: .env is not read)', async () =>
    assert.equal(await hostname({ '.env': 'A=dotenv\n' }), 'dotenv'));
  it('of the caller win over .env', async () => assert.equal(await hostname({ '.env': 'A=dotenv\n' }, { env: { A: 'caller' } }), 'caller'));
  it('come from the given env files instead', async () => {
    assert.equal(await hostname({ '.env': 'A=dotenv\n', 'my.env': 'A=mine\n' }, { envFiles: ['my.env'] }), 'mine');
  });
  it('name the stack too', async () => {
    assert.equal(serviceOf(await load(web('hostname: $COMPOSE_PROJECT_NAME'))).template.container.hostname, 'p');
  });

  it('that are not set are named once, at their first place', async () => {
    const { warnings } = await load(web('hostname: a$A\ndomainname: b$A'));
    assert.deepEqual(
      warnings.map((warning) => warning.split('\n')[0]),
      ["compose.yml:4:16: warning: services.web.hostname: the variable 'A' is not set: an empty text takes its place"],
    );
  });

  it('are read into numbers and truth where the key asks for them', async () => {
    const service = serviceOf(await load(web('init: $T\ndeploy: {replicas: $N}'), { env: { T: 'true', N: '3' } }));
    assert.deepEqual([service.template.container.init, service.mode], [true, { kind: 'replicated', replicas: 3 }]);
  });
});

describe('The environment of a service', () => {
  const env = async (lines: string, files: Record<string, string> = {}, options: object = {}) =>
    serviceOf(await load({ 'compose.yml': web(lines), ...files }, options)).template.container.env;

  it('lies over its env files, of which later ones win', async () => {
    const files = { 'a.env': 'A=a\nB=a\nC=a\n', 'b.env': 'B=b\nC=b\n' };
    assert.deepEqual(await env('env_file: [a.env, b.env]\nenvironment: {C: own}', files), ['A=a', 'B=b', 'C=own']);
  });
  it('takes variables without a value from the caller, or leaves them out', async () => {
    assert.deepEqual(await env('environment: [A, B]', {}, { env: { A: '1' } }), ['A=1']);
  });
  it('keeps numbers as they were written', async () =>
    assert.deepEqual(await env('environment: {A: 1.10, B: 007, C: true, D: ""}'), ['A=1.10', 'B=007', 'C=true', 'D=']));
  it('may do without a file that is not required', async () =>
    assert.deepEqual(await env('env_file: [{path: no.env, required: false}]'), []));
  it('takes a raw file to the letter', async () =>
    assert.deepEqual(await env('env_file: [{path: a.env, format: raw}]', { 'a.env': 'A="$B" # c\n' }), ['A="$B" # c']));
  it('gets labels from label files below its own', async () => {
    const service = serviceOf(await load({ 'compose.yml': web('label_file: l\nlabels: {b: own}'), l: 'a=1\nb=2\n' }));
    assert.deepEqual(service.template.container.labels, { a: '1', b: 'own' });
  });
});

describe('A service that extends', () => {
  it('another of its file lies over it', async () => {
    const file = 'services:\n  base: {image: a, environment: {A: 1, B: 1}, cap_add: [X]}\n  web: {extends: base, environment: {B: 2}}\n';
    const { container } = serviceOf(await load(file)).template;
    assert.deepEqual([container.image, container.env, container.capAdd], ['a', ['A=1', 'B=2'], ['X']]);
  });

  it('one of another file keeps the paths of that file', async () => {
    const files = {
      'compose.yml': 'services:\n  web:\n    extends: {file: sub/base.yml, service: base}\n',
      'sub/base.yml': 'services:\n  base: {image: a, volumes: ["./data:/data"]}\n',
    };
    assert.equal(serviceOf(await load(files)).template.container.mounts[0]?.source, '/p/sub/data');
  });

  it('one of an earlier file finds it', async () => {
    const files = { 'a.yml': 'services:\n  base: {image: a}\n', 'b.yml': 'services:\n  web: {extends: {service: base}}\n' };
    assert.equal(serviceOf(await load(files, { files: ['a.yml', 'b.yml'] })).template.container.image, 'a');
  });

  it('can take a key of its base away', async () => {
    const service = serviceOf(await load('services:\n  base: {image: a, ports: ["80:80"]}\n  web: {extends: base, ports: !reset []}\n'));
    assert.deepEqual(service.ports, []);
  });
});

describe('An included file', () => {
  it('adds its services, with paths and variables of its own folder', async () => {
    const files = {
      'compose.yml': `include: [sub/c.yml]\n${NGINX}`,
      'sub/c.yml': 'services:\n  db: {image: "db:$TAG", volumes: ["./d:/d"]}\n',
      'sub/.env': 'TAG=1\n',
    };
    const { container } = serviceOf(await load(files), 'p_db').template;
    assert.deepEqual([container.image, container.mounts[0]?.source], ['db:1', '/p/sub/d']);
  });

  it('may be several files that are merged', async () => {
    const files = {
      'compose.yml': `include: [{path: [a.yml, b.yml]}]\n${NGINX}`,
      'a.yml': 'services:\n  db: {image: a, hostname: h}\n',
      'b.yml': 'services:\n  db: {image: b}\n',
    };
    const { container } = serviceOf(await load(files), 'p_db').template;
    assert.deepEqual([container.image, container.hostname], ['b', 'h']);
  });

  it('cannot grow without bound', async () => {
    const levels = Array.from({ length: 14 }, (_, level) => [`l${level}.yml`, `include: [l${level + 1}.yml, {path: l${level + 1}.yml}]\n`]);
    const files = { 'compose.yml': 'include: [l0.yml]\n', ...Object.fromEntries(levels), 'l14.yml': NGINX };
    const says = await faultsOf(files);
    assert.match(says[0] ?? '', /error: include\[\d\]: more than 1000 files are included/);
  });

  it('includes further files', async () => {
    const files = { 'compose.yml': `include: [a.yml]\n${NGINX}`, 'a.yml': 'include: [b.yml]\n', 'b.yml': 'services:\n  db: {image: b}\n' };
    assert.equal(serviceOf(await load(files), 'p_db').template.container.image, 'b');
  });
});

describe('Profiles', () => {
  const file = 'services:\n  web: {image: a}\n  debug: {image: b, profiles: [dev]}\n  test: {image: c, profiles: [ci, dev]}\n';
  const names = async (options: object) => (await load(file, options)).stack.services.map((service) => service.name);

  it('leave services off unless they are active', async () => assert.deepEqual(await names({}), ['p_web']));
  it('turn services on', async () => assert.deepEqual(await names({ profiles: ['ci'] }), ['p_web', 'p_test']));
  it('come from COMPOSE_PROFILES', async () =>
    assert.deepEqual(await names({ env: { COMPOSE_PROFILES: 'dev' } }), ['p_web', 'p_debug', 'p_test']));
  it('are all active with a star', async () => assert.deepEqual(await names({ profiles: ['*'] }), ['p_web', 'p_debug', 'p_test']));
  it('drop an optional dependency on a service that is off', async () => {
    const { stack } = await load(
      'services:\n  web:\n    image: a\n    depends_on: {db: {condition: service_started, required: false}}\n  db: {image: b, profiles: [x]}\n',
    );
    assert.deepEqual(stack.services[0]?.dependsOn, []);
  });
});

describe('Files', () => {
  it('are found by their usual names, with their override', async () => {
    const files = memoryFiles({ 'docker-compose.yml': '', 'compose.yml': '', 'compose.override.yml': '' });
    assert.deepEqual(await findDefaultFiles(files, '/p'), ['/p/compose.yml', '/p/compose.override.yml']);
    assert.deepEqual(await findDefaultFiles(memoryFiles({ 'docker-compose.yaml': '' }), '/p'), ['/p/docker-compose.yaml']);
    assert.deepEqual(await findDefaultFiles(memoryFiles({}), '/p'), []);
  });

  it('may be the standard input', async () => {
    assert.deepEqual(await faultsOf({ '-': 'services: 5\n' }, { files: ['-'] }), [
      '<stdin>:1:11: error: services: must be a map, but is 5',
    ]);
  });

  it('that are missing are named', async () => {
    assert.deepEqual(await faultsOf({}), [
      "compose.yml:1:1: error: the file 'compose.yml' does not exist or cannot be read\n  cure: check its path, and that you may read it",
    ]);
  });

  it('over 4 MiB are refused', async () => {
    assert.deepEqual(await faultsOf(`# ${'x'.repeat(4 * 1024 * 1024)}\n`), [
      "compose.yml:1:1: error: the file 'compose.yml' has 4194307 bytes; 4194304 is the most",
    ]);
  });

  it('that are no text are refused', async () => {
    assert.deepEqual(await faultsOf({ 'compose.yml': new Uint8Array([0xff, 0xfe, 0x00]) }), [
      'compose.yml:1:1: error: the file is not UTF-8 text',
    ]);
  });

  it('are all checked before the load gives up', async () => {
    const says = await faultsOf({ 'a.yml': web('prots: []'), 'b.yml': web('imagee: x') }, { files: ['a.yml', 'b.yml'] });
    assert.deepEqual(says, [
      "a.yml:4:5: error: services.web.prots: unknown key 'prots': did you mean 'ports'?",
      "b.yml:4:5: error: services.web.imagee: unknown key 'imagee': did you mean 'image'?",
    ]);
  });
});
