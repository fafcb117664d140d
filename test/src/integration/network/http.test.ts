import { provideAnswerImages } from '../../support/answer-image.js';
import { provideCaddyImage } from '../../support/caddy-image.js';
import { TestCluster } from '../../support/test-cluster.js';
import { describeAcme } from './http-acme-cases.js';
import { describeHttp } from './http-cases.js';

const HOSTS = 3;

describe('HTTP on three hosts', function () {
  this.timeout(240_000);
  let cluster: TestCluster;
  let images: { answer: string; caddy: string };

  before(async () => {
    cluster = await TestCluster.create({ what: 'http', store: 'embedded', hosts: HOSTS });
    const [answer = ''] = await provideAnswerImages(cluster.bed, ['v1']);
    images = { answer, caddy: await provideCaddyImage(cluster.bed) };
  });

  after(() => cluster?.destroy());

  describeHttp(
    () => cluster,
    () => images,
  );
  describeAcme(
    () => cluster,
    () => images,
  );
});
