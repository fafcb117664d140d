import assert from 'node:assert/strict';
import { searchPath } from './search-path.js';

describe('the search path of commands', () => {
  it("has root's tools at its end, also where PATH lacks them or is not set", () => {
    assert.match(searchPath({ PATH: '/opt/node/bin:/usr/bin' }), /^\/opt\/node\/bin:\/usr\/bin:.*\/usr\/sbin/);
    assert.ok(searchPath({}).startsWith('/usr/local/sbin:'));
  });

  it('names each folder once', () => {
    assert.equal(searchPath({ PATH: searchPath({}) }), searchPath({}));
  });
});
