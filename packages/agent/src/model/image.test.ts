import assert from 'node:assert/strict';
import { engineReference } from './image.js';

const digest = `sha256:${'a'.repeat(64)}`;

describe('the reference of an image for the engine', () => {
  for (const [image, expected] of [
    ['web', `web@${digest}`],
    ['web:1', `web@${digest}`],
    ['10.0.0.1:5000/team/web:1', `10.0.0.1:5000/team/web@${digest}`],
    ['10.0.0.1:5000/web', `10.0.0.1:5000/web@${digest}`],
    [`web:1@sha256:${'b'.repeat(64)}`, `web:1@sha256:${'b'.repeat(64)}`],
  ] as const) {
    it(`of ${image} is by digest`, () => {
      assert.equal(engineReference({ image, digest }), expected);
      assert.equal(engineReference({ image }), image);
    });
  }
});
