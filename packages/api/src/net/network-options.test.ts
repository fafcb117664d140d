import assert from 'node:assert/strict';
import { ICC_OPTION, keepsMembersApart, MTU_OPTION, optionProblems, wantedMtu, wantsEncryption } from './network-options.js';

describe('options of an overlay network', () => {
  for (const [text, encrypted] of [
    ['', true],
    ['true', true],
    ['1', true],
    ['false', false],
    ['0', false],
    ['maybe', true],
  ] as const)
    it(`reads encrypted "${text}" as ${encrypted}`, () => assert.equal(wantsEncryption({ encrypted: text }), encrypted));

  it('asks for no encryption and no MTU of its own without options', () => {
    assert.equal(wantsEncryption({}), false);
    assert.equal(wantedMtu({}), undefined);
  });

  for (const [text, mtu] of [
    ['1280', 1280],
    ['68', 68],
    ['65535', 65_535],
    ['67', undefined],
    ['65536', undefined],
    ['1e3', undefined],
  ] as const)
    it(`reads the MTU "${text}" as ${mtu ?? 'none'}`, () => assert.equal(wantedMtu({ [MTU_OPTION]: text }), mtu));

  it('keeps members apart only when told that they are not to communicate', () => {
    const apart = (text?: string) => keepsMembersApart(text === undefined ? {} : { [ICC_OPTION]: text });
    assert.deepEqual([undefined, '', 'true', 'false', '0'].map(apart), [false, false, false, true, true]);
    assert.equal(optionProblems({ [ICC_OPTION]: 'no' }, false)[0]?.problem, '"no" is neither true nor false');
  });

  it('says what is wrong with them', () => {
    assert.deepEqual(optionProblems({ [MTU_OPTION]: 'big', encrypted: 'maybe', other: 'x' }, false), [
      { option: MTU_OPTION, problem: '"big" is no MTU: a whole number of bytes from 68 to 65535' },
      { option: 'encrypted', problem: '"maybe" is neither true nor false' },
    ]);
    assert.deepEqual(optionProblems({ [MTU_OPTION]: '1400', encrypted: '' }, false), []);
  });

  it('says when the MTU is too small for IPv6', () => {
    assert.deepEqual(optionProblems({ [MTU_OPTION]: '1279' }, true), [
      { option: MTU_OPTION, problem: '1279 is too small for a network with IPv6, which needs 1280' },
    ]);
    assert.deepEqual(optionProblems({ [MTU_OPTION]: '1280' }, true), []);
    assert.deepEqual(optionProblems({}, true), []);
    assert.deepEqual(optionProblems({ [MTU_OPTION]: '1279' }, false), []);
  });
});
