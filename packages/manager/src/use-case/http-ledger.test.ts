import assert from 'node:assert/strict';
import { ApiError, type HttpRule } from '@tessera/api';
import { HttpWorld, httpService, rule } from '../plan/http/testing/http-world.js';
import { HttpLedger } from './http-ledger.js';

const GIVEN: HttpRule['tls'] = { mode: 'given', certificate: { kind: 'secrets', name: 'crt' }, key: { kind: 'secrets', name: 'key' } };

/** What is said to `mine`, which asks for these, where `theirs` has a.test/x. */
function refusal(rules: HttpRule[], changing: string[] = []): string {
  const { view } = new HttpWorld(httpService('theirs', [rule('a.test', { path: '/x' })]));
  try {
    new HttpLedger(view, new Set(changing)).claim(httpService('mine', rules));
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof ApiError && error.code === 'route-in-use');
    return error.message;
  }
}

describe('hosts and paths', () => {
  it('are refused when another service has them, naming it, whatever the case of the path', () => {
    assert.equal(refusal([rule('a.test', { path: '/x' })]), "a.test/x of service 'mine' is served by service 'theirs' already");
    assert.match(refusal([rule('a.test', { path: '/X' })]), /served by service 'theirs'/);
  });

  it('are free when they differ, or when the other service is changed or removed with this one', () => {
    assert.equal(refusal([rule('a.test'), rule('a.test', { path: '/x/y' }), rule('b.test', { path: '/x' })]), 'accepted');
    assert.equal(refusal([rule('a.test', { path: '/x' })], ['theirs']), 'accepted');
  });

  it('are refused to a service that names one twice, and to two of one plan', () => {
    const { view } = new HttpWorld();
    const ledger = new HttpLedger(view, new Set());
    ledger.claim(httpService('one', [rule('a.test')]));
    assert.throws(() => ledger.claim(httpService('two', [rule('a.test')])), /served by service 'one'/);
    assert.throws(() => ledger.claim(httpService('three', [rule('c.test'), rule('c.test')])), /c\.test\/ of service 'three'/);
  });

  it('are refused where a host would have two kinds of certificates', () => {
    assert.equal(
      refusal([rule('a.test', { tls: { mode: 'internal' } })]),
      "host a.test of service 'mine' is to be served with tls: internal, and service 'theirs' has it with tls: off",
    );
    assert.match(refusal([rule('a.test', { tls: GIVEN })]), /with certificate 'crt', and service 'theirs'/);
  });
});
