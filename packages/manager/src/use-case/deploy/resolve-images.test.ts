import assert from 'node:assert/strict';
import type { ServiceSpec } from '@tessera/api';
import { deployed, serviceSpec } from '../../model/testing/builders.js';
import { IndexedView } from '../../model/view.js';
import type { ResolvedImage } from '../../ports/dispatcher.js';
import { type ResolveMode, resolveImages } from './resolve-images.js';

const NEW = `sha256:${'b'.repeat(64)}`;
const OLD = `sha256:${'a'.repeat(64)}`;

function servicesOf(...images: string[]): ServiceSpec[] {
  return images.map((image, index) => serviceSpec(`web${index}`, 1, (spec) => void (spec.template.container.image = image)));
}

/** web0 runs app:1 at an old digest. */
function clusterView(): IndexedView {
  const view = new IndexedView();
  const spec = serviceSpec('web0', 1, ({ template }) => Object.assign(template.container, { image: 'app:1', digest: OLD }));
  view.apply({ kind: 'services', id: 's1', object: { ...deployed(spec, 's1').service, revision: 1 }, revision: 1 });
  return view;
}

async function resolve(specs: ServiceSpec[], mode: ResolveMode, answer: ResolvedImage = { digest: NEW }) {
  const asked: string[] = [];
  const digestOf = async (image: string) => {
    asked.push(image);
    return answer;
  };
  const { services, warnings } = await resolveImages({ view: clusterView(), digestOf }, specs, mode);
  return { asked, warnings, digests: services.map(({ template }) => template.container.digest) };
}

describe('images of a deploy', () => {
  it('are asked for once each, and pinned: a tag that has moved is another template', async () => {
    assert.deepEqual(await resolve(servicesOf('app:1', 'app:1', 'db:2'), 'always'), {
      asked: ['app:1', 'db:2'],
      warnings: [],
      digests: [NEW, NEW, NEW],
    });
  });

  it('with `changed` keep the digest that they had, if their name is the same', async () => {
    assert.deepEqual(await resolve(servicesOf('app:1', 'db:2'), 'changed'), { asked: ['db:2'], warnings: [], digests: [OLD, NEW] });
    assert.deepEqual((await resolve(servicesOf('app:2'), 'changed')).digests, [NEW]);
  });

  it('with `never` are left by name', async () => {
    assert.deepEqual(await resolve(servicesOf('app:1'), 'never'), { asked: [], warnings: [], digests: [undefined] });
  });

  it('that nobody can tell of stay as they were, with a warning that says why', async () => {
    const { digests, warnings } = await resolve(servicesOf('app:1', 'db:2'), 'always', { error: 'registry gone' });
    assert.deepEqual(digests, [OLD, undefined]);
    assert.equal(warnings.length, 2);
    assert.match(warnings[0]!, /^the digest of image app:1 is not known.*: registry gone$/);
  });

  it('that name a digest, or are never pulled, are not asked for', async () => {
    const specs = servicesOf(`app@${OLD}`, 'local:1');
    specs[1]!.template.container.pullPolicy = 'never';
    assert.deepEqual(await resolve(specs, 'always'), { asked: [], warnings: [], digests: [undefined, undefined] });
  });
});
