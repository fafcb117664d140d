import assert from 'node:assert/strict';
import { ProtocolError, parseAgentMessage, parseLogFrame, parseManagerMessage, protocolOf } from './parse.js';

describe('messages of the session', () => {
  it('are taken when they follow the protocol', () => {
    assert.deepEqual(parseAgentMessage('{"type":"ack","seq":4}'), { type: 'ack', seq: 4 });
    assert.deepEqual(parseManagerMessage('{"type":"reported","report":1}'), { type: 'reported', report: 1 });
    assert.deepEqual(parseLogFrame('{"type":"end"}'), { type: 'end' });
  });

  it('are refused with their type when they do not', () => {
    assert.throws(() => parseAgentMessage('{"type":"ack","seq":"four"}'), /agent message of type ack/);
    assert.throws(() => parseAgentMessage('{"type":"ack","seq":4,"more":1}'), ProtocolError);
    assert.throws(() => parseManagerMessage('{"type":"explode"}'), /manager message of type explode/);
    assert.throws(() => parseLogFrame('nonsense'), /log frame: not JSON/);
    assert.throws(() => parseAgentMessage('null'), ProtocolError);
  });

  it('tell the version of a hello of any version', () => {
    assert.equal(protocolOf('{"type":"hello","protocol":7,"unheardOf":true}'), 7);
    assert.equal(protocolOf('{"type":"ack","seq":1}'), undefined);
    assert.equal(protocolOf('{'), undefined);
    assert.equal(protocolOf('null'), undefined);
  });
});
