import { writeFile } from 'node:fs/promises';
import { type BadInput, type Group, web } from './case.js';

const DEPLOY = ['tsctl deploy shop'];
const PLAN = ['tsctl plan shop'];

const compose = (text: string): Record<string, string> => ({ 'compose.yml': text });

const WEB = 'services:\n  web:\n    image: busybox\n';

/** A file in which each level repeats the one before nine times. */
function aliasBomb(): string {
  const list = (name: string): string => Array<string>(9).fill(`*${name}`).join(', ');
  const levels = 'bcdefghi'.split('').map((name, at) => `x-${name}: &${name} [${list('abcdefgh'.charAt(at))}]`);
  return [
    'x-a: &a [lol, lol, lol, lol, lol, lol, lol, lol, lol]',
    ...levels,
    'services:',
    '  web:',
    '    image: busybox',
    '    command: *i',
    '',
  ].join('\n');
}

const HUGE: BadInput = {
  title: 'the file is huge',
  given: 'compose.yml has 20 MB',
  prepare: (folder) => writeFile(`${folder}/compose.yml`, `services:\n  web:\n    image: busybox\n# ${'x'.repeat(20_000_000)}\n`),
  run: DEPLOY,
};

const BINARY: BadInput = {
  title: 'the file is no text',
  given: 'compose.yml is a program',
  prepare: (folder) => writeFile(`${folder}/compose.yml`, Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0x02, 0x01, 0xff, 0xfe, 0x00, 0x00])),
  run: DEPLOY,
};

/** What Compose files get wrong. The stack `shop` runs all the while, and is as it was after each of them. */
export const COMPOSE: Group = {
  title: 'Compose files',
  parallel: true,
  cases: [
    { title: 'a bracket is not closed', files: web('ports: ["8080:80"'), run: DEPLOY },
    { title: 'a tab is used to indent', files: compose('services:\n\tweb:\n\t\timage: busybox\n'), run: DEPLOY },
    { title: 'the indentation is uneven', files: compose('services:\n  web:\n    image: busybox\n   ports: []\n'), run: DEPLOY },
    { title: 'a key is given twice', files: web('image: nginx'), run: DEPLOY },
    { title: 'an alias has no anchor', files: compose('services:\n  web: *base\n'), run: DEPLOY },
    { title: 'aliases multiply without end', files: compose(aliasBomb()), run: DEPLOY },
    { title: 'the file is empty', files: compose(''), run: DEPLOY },
    HUGE,
    BINARY,
    { title: 'a key of a service is misspelt', files: web('enviroment:', '  A: b'), run: PLAN },
    { title: 'a key of the file is misspelt', files: compose('service:\n  web:\n    image: busybox\n'), run: PLAN },
    { title: 'a list stands where a text should', files: web('hostname: [a, b]'), run: PLAN },
    { title: 'a text stands where a number should', files: web('deploy:', '  replicas: three'), run: PLAN },
    { title: 'the number of replicas is negative', files: web('deploy:', '  replicas: -1'), run: PLAN },
    { title: 'a port is too large', files: web('ports: ["70000:80"]'), run: DEPLOY },
    { title: 'ranges of ports differ in length', files: web('ports: ["8000-8005:80-82"]'), run: DEPLOY },
    {
      title: 'two services publish one port',
      files: compose('services:\n  web:\n    image: busybox\n    ports: ["8080:80"]\n  api:\n    image: busybox\n    ports: ["8080:81"]\n'),
      run: DEPLOY,
    },
    { title: 'a duration has no unit', files: web('stop_grace_period: 10'), run: DEPLOY },
    { title: 'a size has an unknown unit', files: web('deploy:', '  resources:', '    limits:', '      memory: 1 quux'), run: DEPLOY },
    { title: 'a required variable is not set', files: web(`hostname: ${'$'}{HOST:?say which host}`), run: DEPLOY },
    { title: 'an env file is missing', files: web('env_file: web.env'), run: DEPLOY },
    {
      title: 'the file of a config is missing',
      files: compose(`${WEB}    configs: [site]\nconfigs:\n  site:\n    file: ./site.conf\n`),
      run: DEPLOY,
    },
    {
      title: 'the file of a secret is missing',
      files: compose(`${WEB}    secrets: [key]\nsecrets:\n  key:\n    file: ./key.pem\n`),
      run: DEPLOY,
    },
    {
      title: 'services extend each other',
      files: compose('services:\n  web:\n    extends: api\n    image: busybox\n  api:\n    extends: web\n    image: busybox\n'),
      run: DEPLOY,
    },
    { title: 'an included file is missing', files: compose('include: [base.yml]\nservices: {}\n'), run: DEPLOY },
    { title: 'a network is not defined', files: web('networks: [front]'), run: DEPLOY },
    { title: 'a volume is not defined', files: web('volumes: ["data:/data"]'), run: DEPLOY },
    { title: 'a secret is not defined', files: web('secrets: [key]'), run: DEPLOY },
    {
      title: 'services wait for each other',
      files: compose('services:\n  web:\n    image: busybox\n    depends_on: [api]\n  api:\n    image: busybox\n    depends_on: [web]\n'),
      run: DEPLOY,
    },
    { title: 'a global service has replicas', files: web('deploy:', '  mode: global', '  replicas: 2'), run: DEPLOY },
    { title: 'a service has only a build', files: compose('services:\n  web:\n    build: .\n'), run: DEPLOY },
    { title: 'a constraint has no operator', files: web('deploy:', '  placement:', '    constraints: [node.labels.disk]'), run: DEPLOY },
    {
      title: 'several things are wrong at once',
      files: web('imgae: nginx', 'ports: ["eighty:80"]', 'deploy: {replicas: many}'),
      run: DEPLOY,
    },
    {
      title: 'a file that overrides another is wrong',
      files: { ...web(), 'prod.yml': 'services:\n  web:\n    deploy:\n      replicas: many\n' },
      run: ['tsctl deploy -f compose.yml -f prod.yml shop'],
    },
    { title: 'a key is known but does nothing here', files: web('container_name: web', 'privilegedd: true'), run: DEPLOY },
  ],
};
