import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Service } from '@tessera/api';
import { eventually, TestCluster } from '../../support/test-cluster.js';
import { provideWebImages } from '../../support/web-image.js';

const LIMIT_MS = 90_000;
/** Each task uses all of its tenth of a core while the file is there, and next to nothing otherwise. */
const WORK = 'while :; do if [ -e /load/on ]; then i=0; while [ $$i -lt 2000 ]; do i=$$((i+1)); done; else sleep 1; fi; done';
const COMPOSE = `services:
  web:
    image: \${WEB_IMAGE}
    command: [sh, -c, "${WORK}"]
    stop_grace_period: 1s
    volumes: ["\${LOAD}:/load"]
    deploy:
      replicas: 1
      resources: { limits: { cpus: "0.1" } }
    x-autoscale: { min: 1, max: 3, cpu: 50%, cooldown: { up: 5s, down: 10s } }
`;

describe('autoscaling on real hosts', () => {
  let cluster: TestCluster;
  let env: Record<string, string>;

  before(async () => {
    cluster = await TestCluster.create({ what: 'scale', store: 'embedded', hosts: 2 });
    const [image = ''] = await provideWebImages(cluster.bed, ['v1']);
    env = { WEB_IMAGE: image, LOAD: join(cluster.tsctl.folder, 'load') };
    await writeFile(join(cluster.tsctl.folder, 'compose.yml'), COMPOSE);
    await load('off');
    await cluster.tsctl.succeed(['deploy', 'shop', '--timeout', '180s'], { env });
  });
  after(() => cluster?.destroy());

  async function load(state: 'on' | 'off'): Promise<void> {
    const file = `${env.LOAD}/on`;
    const script = state === 'on' ? `touch ${file}` : `mkdir -p ${env.LOAD} && rm -f ${file}`;
    await Promise.all(cluster.bed.hosts.map((host) => host.exec(['sh', '-c', script])));
  }

  const service = async (): Promise<Service> => (await cluster.client.call('getService', { params: { ref: 'shop_web' } })).service;
  const running = async (): Promise<number> => (await cluster.liveTasks()).filter(({ status }) => status.state === 'running').length;

  it('makes more tasks while they use more than the target, up to the most, and says why', async () => {
    assert.equal(await running(), 1);
    await load('on');
    await eventually(async () => (await running()) === 3, 'three tasks to run', LIMIT_MS);
    const [change] = (await service()).autoscale?.changes ?? [];
    assert.match(change?.words ?? '', /^[12] -> 3: cpu \d+% of 50% target over \d+ s$/);
  });

  it('keeps the number through a deploy, and refuses to scale by hand', async () => {
    await cluster.tsctl.succeed(['deploy', 'shop', '--timeout', '180s'], { env });
    assert.equal(await running(), 3);
    const { code, stderr } = await cluster.tsctl.run(['scale', 'shop_web=1']);
    assert.equal(code, 2);
    assert.match(stderr, /'shop_web' is autoscaled: between 1 and 3 tasks/);
  });

  it('takes tasks away again when they have used little for the cooldown', async () => {
    await load('off');
    await eventually(async () => (await running()) === 1, 'one task to be left', LIMIT_MS);
    const [change] = (await service()).autoscale?.changes ?? [];
    assert.match(change?.words ?? '', /^[23] -> \d: cpu \d+% of 50% target over \d+ s$/);
  });
});
