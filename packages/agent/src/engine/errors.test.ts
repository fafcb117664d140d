import assert from 'node:assert/strict';
import type { EngineErrorKind } from '../ports/engine.js';
import { engineError, pullError } from './errors.js';

/** As docker-modem makes them. */
function answer(statusCode: number, message: string): Error {
  return Object.assign(new Error(`(HTTP code ${statusCode}) server error - ${message} `), { statusCode, json: { message } });
}

describe('engineError', () => {
  it('says plainly that what is to be mounted is not there', () => {
    const { kind, message } = engineError(
      'do it',
      answer(400, 'invalid mount config for type "bind": bind source path does not exist: /x'),
    );
    assert.deepEqual(
      [kind, message],
      ['mount-source-missing', 'cannot do it: /x is not on this node, and a mount needs it: create it there, or use a named volume'],
    );
  });

  it('says plainly that the image lacks the program', () => {
    const message = 'OCI runtime create failed: runc create failed: exec: "serve": executable file not found in $PATH: unknown';
    assert.equal(
      engineError('start container 1', answer(400, message)).message,
      'cannot start container 1: the image has no program "serve": check the command and entrypoint of the service',
    );
  });

  const cases: [number, string, EngineErrorKind][] = [
    [404, 'No such image: web:1', 'image-not-found'],
    [404, 'No such container: x', 'not-found'],
    [409, 'Conflict. The container name "/web.1.a" is already in use by container "b"', 'name-conflict'],
    [
      500,
      'driver failed programming external connectivity on endpoint x: Bind for 0.0.0.0:80 failed: port is already allocated',
      'port-in-use',
    ],
    [404, 'network ts-app not found', 'no-such-network'],
    [500, 'write /var/lib/docker/tmp/x: no space left on device', 'disk-full'],
    [500, 'Get "https://reg:5000/v2/": dial tcp 10.0.0.1:5000: connect: connection refused', 'registry-unreachable'],
    [400, 'some new words', 'invalid-spec'],
    [500, 'something else', 'other'],
  ];
  for (const [status, message, kind] of cases) {
    it(`takes "${message.slice(0, 60)}" for ${kind}`, () => {
      const error = engineError('do it', answer(status, message));
      assert.equal(error.kind, kind);
      assert.equal(error.message, `cannot do it: ${message}`);
    });
  }

  it('tells a daemon that is gone from one that answers', () => {
    const refused = Object.assign(new Error('connect ENOENT /var/run/docker.sock'), { code: 'ENOENT' });
    assert.equal(engineError('list containers', refused).kind, 'gone');
    assert.match(engineError('list containers', refused).message, /the Docker engine does not answer/);
    assert.equal(engineError('list containers', new Error('socket hang up')).kind, 'gone');
  });
});

describe('pullError', () => {
  it('says that a registry is unreachable, and not that there is no such image (moby/moby 31063)', () => {
    const error = pullError('reg:5000/web:1', 'reg:5000', 'dial tcp: lookup reg: no such host');
    assert.equal(error.kind, 'registry-unreachable');
    assert.equal(error.message, 'registry reg:5000 cannot be reached for image reg:5000/web:1: dial tcp: lookup reg: no such host');
  });

  it('says how to log in where a registry refuses', () => {
    const error = pullError('reg/web', 'reg', 'Head "https://reg/v2/web": unauthorized: authentication required');
    assert.equal(error.kind, 'unauthorized');
    assert.match(error.message, /docker login reg/);
  });
});
