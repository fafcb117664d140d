import assert from 'node:assert/strict';
import { isImageReference } from './image-reference.js';

const DIGEST = `sha256:${'0'.repeat(64)}`;

describe('The name of an image', () => {
  const good = [
    'nginx',
    'nginx:1.27-alpine',
    'library/nginx',
    'a/b/c',
    'a__b/c-d--e',
    'localhost/a',
    'localhost:5000/a/b:1',
    'Registry.example.com/a',
  ];
  for (const text of [...good, `nginx@${DIGEST}`, `r.example.com:5000/a:1@${DIGEST}`, '[::1]:5000/a', DIGEST]) {
    it(`may be ${text}`, () => assert.ok(isImageReference(text)));
  }

  const bad = ['nginx:', 'Nginx', 'my image', 'a//b', '/a', 'a/', 'a:b:c', 'a@sha256:12', 'a:-b', 'https://example.com/a', 'a/B'];
  for (const text of bad) it(`is not ${text}`, () => assert.ok(!isImageReference(text)));
});
