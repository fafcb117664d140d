import assert from 'node:assert/strict';
import { allPlaces } from '@tessera/cli/command/command-words';
import { TREE } from '@tessera/cli/command/tree';
import { codeOnly, productSources } from './source-tree.js';

/** `tsctl` and the words after it, where it is named as a command: after a quote, a bracket or a colon. */
const HINT = /[`'"(:]\s?tsctl((?: [a-z][a-z-]*)+)/g;

describe('Hints', () => {
  it('name commands that there are', async () => {
    const places = new Map((await allPlaces(TREE)).map((place) => [place.path, place]));
    const wrong = productSources().flatMap(({ path, text }) =>
      [...codeOnly(text).matchAll(HINT)].flatMap(([, words = '']) =>
        isCommand(words.trim().split(' ')) ? [] : [`${path}: tsctl${words}`],
      ),
    );
    assert.deepEqual(wrong, []);

    /** Words are a command when they lead to a verb; what comes after it are arguments, or the sentence goes on. */
    function isCommand(words: readonly string[]): boolean {
      let path = 'tsctl';
      for (const word of words) {
        if (word === 'help') return true;
        const place = places.get(`${path} ${word}`);
        if (!place) return false;
        if (place.definition) return true;
        path = place.path;
      }
      return false;
    }
  });
});
