import { writeFile } from 'node:fs/promises';
import { type Group, web } from './case.js';

const SLEEP = 'command: ["sleep", "1000"]';
const DEPLOY = ['tsctl deploy draft --timeout 3s'];
const GONE = ['tsctl rm draft --timeout 20s'];
const large = (bytes: number) => ({
  given: `file has ${bytes} bytes`,
  prepare: (folder: string) => writeFile(`${folder}/file`, Buffer.alloc(bytes, 'x')),
});
const compose = (text: string): Record<string, string> => ({ 'compose.yml': text });

/** What stands in the way in the cluster: the stack `shop` runs in it, on two nodes. */
export const CLUSTER: Group = {
  title: 'The cluster',
  cases: [
    {
      title: 'no node has so much memory',
      files: web(SLEEP, 'deploy:', '  resources:', '    reservations: {memory: 100000G}'),
      run: ['tsctl plan draft', ...DEPLOY, 'tsctl ps draft'],
      changes: true,
      undo: GONE,
    },
    {
      title: 'no node has so many processors',
      files: web(SLEEP, 'deploy:', '  resources:', "    reservations: {cpus: '1000'}"),
      run: DEPLOY,
      changes: true,
      undo: GONE,
    },
    {
      title: 'no node meets a constraint',
      files: web(SLEEP, 'deploy:', '  placement:', '    constraints: [node.labels.disk == ssd]'),
      run: DEPLOY,
      changes: true,
      undo: GONE,
    },
    {
      title: 'one node lacks memory, the other is excluded',
      files: web(
        SLEEP,
        'deploy:',
        '  placement:',
        '    constraints: [node.hostname != node2]',
        '  resources:',
        '    reservations: {memory: 100000G}',
      ),
      run: DEPLOY,
      changes: true,
      undo: GONE,
    },
    {
      title: 'a port of the host is wanted twice on one node',
      files: web(
        SLEEP,
        'ports: [{target: 80, published: 8099, mode: host}]',
        'deploy: {replicas: 2, placement: {constraints: [node.hostname == node1]}}',
      ),
      run: ['tsctl plan draft'],
    },
    { title: 'a published port belongs to another service', files: web(SLEEP, 'ports: ["8088:80"]'), run: [...DEPLOY, 'tsctl plan draft'] },
    { title: 'a service of this name is there already', run: ['tsctl service create --name shop_web --detach <image>'] },
    {
      title: 'a network belongs to another stack',
      files: compose('services:\n  web:\n    image: <image>\n    networks: [back]\nnetworks:\n  back:\n    name: shop_back\n'),
      run: DEPLOY,
    },
    {
      title: 'an external network does not exist',
      files: compose('services:\n  web:\n    image: <image>\n    networks: [edge]\nnetworks:\n  edge:\n    external: true\n'),
      run: DEPLOY,
    },
    {
      title: 'an external secret does not exist',
      files: compose('services:\n  web:\n    image: <image>\n    secrets: [key]\nsecrets:\n  key:\n    external: true\n'),
      run: DEPLOY,
    },
    {
      title: 'an image does not exist',
      files: compose('services:\n  web:\n    image: <registry>/nowhere:1\n'),
      run: ['tsctl deploy draft --timeout 20s'],
      changes: true,
      undo: GONE,
    },
    {
      title: 'a registry cannot be reached',
      files: compose('services:\n  web:\n    image: <away>/web:1\n'),
      run: ['tsctl deploy draft --timeout 20s'],
      changes: true,
      undo: GONE,
    },
    {
      title: 'a folder to mount is not on the node',
      files: web(SLEEP, 'volumes:', '  - {type: bind, source: /srv/nowhere, target: /data, bind: {create_host_path: false}}'),
      run: ['tsctl deploy draft --timeout 20s'],
      changes: true,
      undo: GONE,
    },
    {
      title: 'the program of a service does not exist',
      files: web('command: ["no-such-program"]'),
      run: ['tsctl deploy draft --timeout 20s'],
      changes: true,
      undo: GONE,
    },
    { title: 'a subnet is taken', run: ['tsctl network create other --subnet 10.200.0.0/24'] },
    { title: 'a subnet is malformed', run: ['tsctl network create other --subnet 10.200.0.0'] },
    { title: 'a config is too large', ...large(1_100_000), run: ['tsctl config create big file'] },
    { title: 'a secret is too large', ...large(600_000), run: ['tsctl secret create big file'] },
    { title: 'the file of a secret does not exist', run: ['tsctl secret create key ./key.pem'] },
    { title: 'a secret of this name is there already', stdin: 'other', run: ['tsctl secret create shop-key'] },
    { title: 'the name of a config is none', stdin: 'text', run: ["tsctl config create 'my config'"] },
    { title: 'a network is in use', run: ['tsctl network rm front'] },
    { title: 'a secret is in use', run: ['tsctl secret rm shop-key'] },
    { title: 'a config is in use', run: ['tsctl config rm shop-site'] },
    { title: 'a stack is unknown', run: ['tsctl rm shpo', 'tsctl ps shpo', 'tsctl stack services shpo'] },
    { title: 'a service is unknown', run: ['tsctl scale shop_wbe=2', 'tsctl logs shop_wbe', 'tsctl service rm shop_wbe'] },
    { title: 'a service is named without its stack', run: ['tsctl scale web=2'] },
    { title: 'a node is unknown', run: ['tsctl node drain nod1', 'tsctl node inspect nod1', 'tsctl node ps nod1'] },
    { title: 'a network, config or secret is unknown', run: ['tsctl network rm frnt', 'tsctl config rm site', 'tsctl secret rm key'] },
    { title: 'an object is unknown', run: ['tsctl inspect nothing'] },
    { title: 'a node that is ready is forgotten', run: ['tsctl node rm node2'] },
    { title: 'a service is scaled that runs on each node', run: ['tsctl scale shop_agent=3'] },
    { title: 'a service is updated with nothing', run: ['tsctl service update shop_web'] },
    { title: 'a service is given a bad limit', run: ['tsctl service update shop_web --limit-memory lots'] },
  ],
};
