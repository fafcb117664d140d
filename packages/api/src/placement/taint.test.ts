import assert from 'node:assert/strict';
import { formatTaint, parseTaint, parseToleration, tolerates } from './taint.js';

describe('A taint', () => {
  it('is read and written', () => {
    assert.deepEqual(parseTaint('dedicated=db:no-schedule'), { key: 'dedicated', value: 'db', effect: 'no-schedule' });
    assert.deepEqual(parseTaint('a.b/c:no-execute'), { key: 'a.b/c', value: '', effect: 'no-execute' });
    for (const text of ['dedicated=db:no-schedule', 'old:no-execute']) assert.equal(formatTaint(parseTaint(text)!), text);
  });

  it('needs a key and a known effect', () => {
    for (const text of [
      '',
      'dedicated',
      'dedicated=db',
      'a=b:never',
      '*:no-schedule',
      '=b:no-schedule',
      'a b:no-schedule',
      'a=b=c:no-schedule',
    ])
      assert.equal(parseTaint(text), undefined, text);
  });
});

describe('A toleration', () => {
  const taint = parseTaint('dedicated=db:no-schedule')!;

  it('fits taints by what it names', () => {
    for (const text of ['*', '*:no-schedule', 'dedicated', 'dedicated=db', 'dedicated:no-schedule', 'dedicated=db:no-schedule'])
      assert.ok(tolerates(parseToleration(text)!, taint), text);
    for (const text of ['*:no-execute', 'other', 'dedicated=', 'dedicated=web', 'dedicated:no-execute'])
      assert.ok(!tolerates(parseToleration(text)!, taint), text);
  });

  it('is refused when it cannot be read', () => {
    for (const text of ['', '*=a', 'a:never', 'a:', 'ä']) assert.equal(parseToleration(text), undefined, text);
  });
});
