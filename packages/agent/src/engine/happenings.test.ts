import assert from 'node:assert/strict';
import { Happenings } from './happenings.js';

const NEVER = new Promise<never>(() => {});

describe('Happenings', () => {
  it('ends the wait for an answer that never comes when the event does', async () => {
    const happenings = new Happenings();
    const first = happenings.orCall('c1', 'start', NEVER);
    const second = happenings.orCall('c1', 'start', NEVER);
    happenings.tell('c1', 'start');
    await Promise.all([first, second]);
  });

  it('is not ended by events of other containers or of another kind', async () => {
    const happenings = new Happenings();
    let isOver = false;
    void happenings.orCall('c1', 'start', NEVER).then(() => {
      isOver = true;
    });
    happenings.tell('c2', 'start');
    happenings.tell('c1', 'die');
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isOver, false);
  });

  it('ends and fails as the call does', async () => {
    const happenings = new Happenings();
    await happenings.orCall('c1', 'start', Promise.resolve());
    await assert.rejects(happenings.orCall('c1', 'start', Promise.reject(new Error('port taken'))), /port taken/);
    happenings.tell('c1', 'start');
  });
});
