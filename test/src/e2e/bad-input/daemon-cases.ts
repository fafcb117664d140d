import { writeFile } from 'node:fs/promises';
import type { Group } from './case.js';

const HASH = 'a'.repeat(64);
const JOIN = 'tessera-agent join --data-dir <folder>/agent --manager <manager> --token';
const DATA = '--data-dir <folder>/data';
const MANAGER = `tessera-manager ${DATA} --listen 127.0.0.1:0`;
const INIT = `tsctl cluster init --name new ${DATA} --address 127.0.0.1`;
const OWN_CONTEXTS = { TESSERA_CONFIG_DIR: '<folder>/config' };
const aFile = (name: string) => ({ given: `${name} is a file`, prepare: (folder: string) => writeFile(`${folder}/${name}`, '') });

const CLUSTER_FILE = `${JSON.stringify({ clusterId: 'c1', name: 'prod', tokenHashes: { worker: '', manager: '' }, addressPool: '10.128.0.0/9', addresses: [] })}\n`;

/** Joining a cluster, and the daemons. */
export const DAEMONS: Group = {
  title: 'Joining, and the daemons',
  parallel: true,
  cases: [
    { title: 'what is given as a token is none', run: [`${JOIN} hunter2`] },
    { title: 'a token has an unknown version', run: [`${JOIN} TSJ-2-w-${HASH}-00`] },
    { title: 'a token was cut', run: [`${JOIN} TSJ-1-w-${HASH}`] },
    { title: 'a token has an unknown role', run: [`${JOIN} TSJ-1-x-${HASH}-00112233445566778899aabbccddeeff`] },
    { title: 'the hash in a token was cut', run: [`${JOIN} TSJ-1-w-abc-00112233445566778899aabbccddeeff`] },
    { title: 'the secret in a token was cut', run: [`${JOIN} TSJ-1-w-${HASH}-0011`] },
    { title: 'a token is of another cluster', run: [`${JOIN} <other-token>`] },
    { title: 'a token is missing', run: ['tessera-agent join --data-dir <folder>/agent --manager <manager>'] },
    { title: 'no manager is named', run: ['tessera-agent join --data-dir <folder>/agent --token <token>'] },
    { title: 'a token was rotated', run: ['tsctl cluster token rotate worker', `${JOIN} <token>`] },
    {
      title: 'nothing listens where the manager should be',
      run: ['tessera-agent join --data-dir <folder>/agent --manager https://<away> --token <token>'],
    },
    {
      title: 'the port belongs to something without TLS',
      run: ['tessera-agent join --data-dir <folder>/agent --manager https://<plain> --token <token>'],
    },
    {
      title: 'a manager of another cluster answers',
      run: ['tessera-agent join --data-dir <folder>/agent --manager https://<other-cluster> --token <token>'],
    },
    {
      title: 'the address of the manager is none',
      run: ["tessera-agent join --data-dir <folder>/agent --manager 'https://manager 1' --token <token>"],
    },
    {
      title: 'the manager is named with http',
      run: ['tessera-agent join --data-dir <folder>/agent --manager http://<address>:4600 --token <token>'],
    },
    {
      title: 'a label of the node has no value',
      run: ['tessera-agent join --data-dir <folder>/agent --manager <manager> --token <token> --label zone'],
    },
    {
      title: 'the host has joined already',
      on: 'node1',
      run: ['tessera-agent join --data-dir /var/lib/tessera-agent --manager <manager> --token <token>'],
    },
    { title: 'the data folder of the agent is a file', ...aFile('agent'), run: [`${JOIN} <token>`] },
    { title: 'an agent runs that has not joined', run: ['tessera-agent run --data-dir <folder>/agent'] },
    {
      title: 'the identity of an agent is damaged',
      files: { 'agent/agent/identity.json': '{ "version": 1 }\n' },
      run: ['tessera-agent run --data-dir <folder>/agent'],
    },
    { title: 'a second agent runs on a host', on: 'node1', run: ['tessera-agent run --data-dir /var/lib/tessera-agent'] },
    {
      title: 'an agent is given an engine by TCP',
      run: ['tessera-agent run --data-dir <folder>/agent --docker-host tcp://127.0.0.1:2375'],
    },
    { title: 'a generic resource has no count', run: ['tessera-agent run --data-dir <folder>/agent --resource gpu'] },
    { title: 'an option of the agent is misspelt', run: ['tessera-agent run --data-dri <folder>/agent'] },
    { title: 'a manager runs without a cluster', run: [MANAGER] },
    { title: 'an option of the manager is misspelt', run: ['tessera-manager --data-dri <folder>/data'] },
    { title: 'the address to listen on is none', run: [`tessera-manager ${DATA} --listen 127.0.0.1:99999`] },
    { title: 'the data folder of the manager is a file', ...aFile('data'), run: [MANAGER] },
    { title: 'the file of the cluster is damaged', files: { 'data/cluster.json': '{ "name": "prod" }\n' }, run: [MANAGER] },
    { title: 'a key of the manager is missing', files: { 'data/cluster.json': CLUSTER_FILE }, run: [MANAGER] },
    {
      title: 'the store has no form that is known',
      setUp: [INIT],
      env: OWN_CONTEXTS,
      run: [
        `${MANAGER} --store mysql://localhost`,
        `${MANAGER} --store embedded:state`,
        `${MANAGER} --store etcd:localhost:2379`,
        `${MANAGER} --store 'etcd://my host:2379'`,
        `${MANAGER} --store etcds://localhost?cert=/a&key=/b`,
        `${MANAGER} --store etcds://localhost?ca=<folder>/ca.crt`,
        `${MANAGER} --store etcds://localhost?password=secret`,
      ],
    },
    {
      title: 'no etcd answers',
      env: OWN_CONTEXTS,
      setUp: [INIT],
      run: [`${MANAGER} --store etcd://<away>`],
      until: /etcd cannot be reached: [^"]*?ECONNREFUSED [\d.:]+/,
    },
    { title: 'the port of the manager is taken', env: OWN_CONTEXTS, setUp: [INIT], run: [`tessera-manager ${DATA} --listen <busy>`] },
    {
      title: 'the address of the manager is of another host',
      env: OWN_CONTEXTS,
      setUp: [INIT],
      run: [`tessera-manager ${DATA} --listen 192.0.2.1:4600`],
    },
    {
      title: 'two managers have one store',
      env: OWN_CONTEXTS,
      setUp: [INIT],
      beside: MANAGER,
      run: [MANAGER],
    },
    { title: 'a cluster is made over another', env: OWN_CONTEXTS, setUp: [INIT], run: [INIT] },
    { title: 'a development cluster has no hosts', run: ['tsctl dev up --hosts 0 --name none'] },
    { title: 'a development cluster has too many hosts', run: ['tsctl dev up --hosts 1000 --name many'] },
    { title: 'the name of a development cluster is too long', run: ['tsctl dev up --name a-development-cluster-of-a-very-long-name'] },
    { title: 'the name of a development cluster has capitals', run: ['tsctl dev up --name Test'] },
    { title: 'the name of a development cluster is taken', run: ['tsctl dev up --name test'] },
    { title: 'a development cluster is unknown', run: ['tsctl dev down nowhere'] },
  ],
};
