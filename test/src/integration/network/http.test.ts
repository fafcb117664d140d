import { provideAnswerImages } from '../../support/answer-image.js';
import { provideCaddyImage } from '../../support/caddy-image.js';
import { TestCluster } from '../../support/test-cluster.js';
import { describeAcme } from './http-acme-cases.js';
import { describeHttp } from './http-cases.js';
import { describeHttpLoad } from './http-load-cases.js';
import { describeHttpStreams } from './http-stream-cases.js';

const HOSTS = 3;

describe('HTTP on three hosts', () => {
  let cluster: TestCluster;
  let images: { answers: string[]; caddy: string };

  before(async () => {
    cluster = await TestCluster.create({ what: 'http', store: 'embedded', hosts: HOSTS });
    images = { answers: await provideAnswerImages(cluster.bed, ['v1', 'v2']), caddy: await provideCaddyImage(cluster.bed) };
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
  describeHttpLoad(
    () => cluster,
    () => images,
  );
  describeHttpStreams(
    () => cluster,
    () => images,
  );
});
