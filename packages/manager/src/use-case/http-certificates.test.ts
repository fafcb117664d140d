import assert from 'node:assert/strict';
import type { HttpRule } from '@tessera/api';
import { SeededRandom, VirtualClock } from '@tessera/kit';
import { type Authority, createAuthority } from '@tessera/kit/pki/index';
import { httpService, rule } from '../plan/http/testing/http-world.js';
import { certificateProblems } from './http-certificates.js';

const TLS: HttpRule['tls'] = { mode: 'given', certificate: { kind: 'configs', name: 'crt' }, key: { kind: 'secrets', name: 'key' } };

describe('certificates that rules for HTTP give', () => {
  let own: Authority;
  let other: Authority;
  before(async () => {
    const options = { clusterId: 'c', clock: new VirtualClock(), random: new SeededRandom(1) };
    [own, other] = [await createAuthority(options), await createAuthority(options)];
  });

  const problems = (crt: string | undefined, key: string | undefined): string[] =>
    certificateProblems(httpService('web', [rule('a.test', { tls: TLS })]), ({ name }) => {
      const text = name === 'crt' ? crt : key;
      return text === undefined ? undefined : Buffer.from(text).toString('base64');
    });

  it('are well with their own key, also when both are in one file, or not there yet', () => {
    assert.deepEqual(problems(own.certificate, own.key), []);
    const both = `${own.key}${own.certificate}`;
    assert.deepEqual(problems(both, both), []);
    assert.deepEqual(problems(own.certificate, undefined), []);
  });

  it('are refused with the key of another, without a key, and when they are none', () => {
    assert.deepEqual(problems(own.certificate, other.key), ["service 'web': certificate 'crt' and key 'key' do not belong together"]);
    assert.deepEqual(problems(own.certificate, 'x'), [
      "service 'web': certificate 'crt' cannot be used: 'key' holds no private key in PEM without a passphrase",
    ]);
    assert.deepEqual(problems('x', own.key), ["service 'web': certificate 'crt' holds no certificate in PEM"]);
  });
});
