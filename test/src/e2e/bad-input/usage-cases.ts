import { type Group, web } from './case.js';

const CONTEXTS = { TESSERA_CONFIG_DIR: '<folder>/config' };

/** The command line itself, and the way to a cluster. */
export const USAGE: Group = {
  title: 'The command line',
  parallel: true,
  cases: [
    { title: 'a command is misspelt', run: ['tsctl depoly'] },
    { title: 'a command is like no known one', run: ['tsctl frobnicate'] },
    { title: 'the verb of an object is misspelt', run: ['tsctl node drian node1'] },
    { title: 'an option is misspelt', run: ['tsctl deploy --detatch'] },
    { title: 'an option lacks its value', run: ['tsctl deploy -f'] },
    { title: 'an argument is missing', run: ['tsctl logs', 'tsctl rm'] },
    { title: 'there is an argument too many', run: ['tsctl network create a b'] },
    { title: 'a duration is none', run: ['tsctl ls --timeout soon', 'tsctl ls --timeout -5s'] },
    { title: 'an output format is unknown', run: ['tsctl ls -o xml'] },
    { title: 'a scale has no equals sign', run: ['tsctl scale shop_web'] },
    { title: 'the number of replicas is no number', run: ['tsctl scale shop_web=many', 'tsctl scale shop_web=1.5'] },
    { title: 'the number of replicas is negative', run: ['tsctl scale shop_web=-1'] },
    { title: 'a service is scaled twice at once', run: ['tsctl scale shop_web=1 shop_web=2'] },
    { title: 'the number of replicas is beyond all bounds', run: ['tsctl scale shop_web=9999999'] },
    { title: 'there is no Compose file in the folder', run: ['tsctl deploy', 'tsctl plan'] },
    { title: 'the named Compose file does not exist', run: ['tsctl deploy -f shop.yml'] },
    { title: 'the named Compose file is a folder', files: { 'shop/README': 'not a Compose file\n' }, run: ['tsctl deploy -f shop'] },
    { title: 'a stack is given two names', files: web(), run: ['tsctl deploy shop --name store'] },
    { title: 'the name of the stack is none', files: web(), run: ["tsctl deploy 'my shop'"] },
    { title: 'an env file does not exist', files: web(), run: ['tsctl deploy --env-file prod.env'] },
    { title: 'the time to read logs from is none', run: ['tsctl logs shop_web --since yesterday'] },
    { title: 'a label has no value', run: ['tsctl node update node1 --label-add zone'] },
    { title: 'a taint has no effect', run: ['tsctl node update node1 --taint dedicated=db', 'tsctl node update node1 --taint-rm a:b'] },
    { title: 'no cluster was ever chosen', env: { TESSERA_CONFIG_DIR: '<folder>/none' }, run: ['tsctl ls'] },
    { title: 'the file of contexts is damaged', files: { 'config/contexts.json': '{ "version": 1,\n' }, env: CONTEXTS, run: ['tsctl ls'] },
    {
      title: 'the file of contexts can be read by others',
      given: 'config/contexts.json has mode 0644',
      prepare: readableByOthers,
      env: CONTEXTS,
      run: ['tsctl ls'],
    },
    { title: 'a context is unknown', run: ['tsctl ls --context prod', 'tsctl context use prod'] },
    { title: 'what is imported as a context is none', stdin: '{"endpoints": ["http://manager-1"]}', run: ['tsctl context import prod'] },
    { title: 'nothing listens where the manager should be', run: ['tsctl ls --context away'] },
    { title: 'the manager is away when a stack is deployed', files: web(), run: ['tsctl deploy shop --context away'] },
    {
      title: 'the port belongs to something without TLS',
      given: 'a web server without TLS at <plain>',
      run: ['tsctl ls --context not-tls'],
    },
    { title: 'a manager of another cluster answers', run: ['tsctl ls --context other-cluster'] },
    { title: 'the certificate of the manager has expired', run: ['tsctl ls --context expired-manager'] },
    { title: 'the certificate of the user has expired', run: ['tsctl ls --context expired-user'] },
    { title: 'a cluster is made without an address', run: ['tsctl cluster init --data-dir <folder>/data'] },
    {
      title: 'a cluster is made with a bad address pool',
      run: ['tsctl cluster init --data-dir <folder>/data --address 10.0.0.5 --address-pool 10.0.0.0'],
    },
    { title: 'a cluster is made with a bad port', run: ['tsctl cluster init --data-dir <folder>/data --address 10.0.0.5 --port http'] },
  ],
};

async function readableByOthers(folder: string): Promise<void> {
  const { mkdir, writeFile } = await import('node:fs/promises');
  await mkdir(`${folder}/config`);
  await writeFile(`${folder}/config/contexts.json`, '{"version":1,"contexts":{}}', { mode: 0o644 });
}
