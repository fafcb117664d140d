import assert from 'node:assert/strict';
import { imageName } from './image-name.js';

describe('The name of an image', () => {
  it('is the same however it is written', () => {
    for (const text of ['nginx', 'nginx:latest', 'docker.io/nginx', 'docker.io/library/nginx:latest', 'library/nginx'])
      assert.equal(imageName(text), 'nginx:latest', text);
    assert.equal(imageName('host:5000/web'), 'host:5000/web:latest');
    assert.equal(imageName('host:5000/web:v1'), 'host:5000/web:v1');
    assert.equal(imageName('web:v1@sha256:ab'), 'web@sha256:ab');
  });
});
