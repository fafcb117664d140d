import assert from 'node:assert/strict';
import { PullProgress } from './pull-progress.js';

describe('PullProgress', () => {
  it('adds up layers and bytes, and passes over what is about no layer', () => {
    const progress = new PullProgress();
    assert.equal(progress.take({ status: 'Pulling from web', id: '1' }), undefined);
    progress.take({ status: 'Pulling fs layer', id: 'a' });
    assert.equal(progress.take({ status: 'Already exists', id: 'b' }), 'pulling image: 1 of 2 layers');
    assert.equal(
      progress.take({ status: 'Downloading', id: 'a', progressDetail: { current: 1_500_000, total: 4_000_000 } }),
      'pulling image: 1 of 2 layers, 1.5 of 4.0 MB',
    );
    assert.equal(progress.take({ status: 'Pull complete', id: 'a' }), 'pulling image: 2 of 2 layers, 4.0 of 4.0 MB');
  });
});
