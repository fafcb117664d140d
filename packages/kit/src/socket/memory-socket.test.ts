import assert from 'node:assert/strict';
import { VirtualClock } from '../clock/virtual-clock.js';
import { type SocketPair, socketPair } from './memory-socket.js';

describe('socketPair', () => {
  let clock: VirtualClock;
  let pair: SocketPair;
  let received: string[];

  beforeEach(() => {
    clock = new VirtualClock();
    pair = socketPair({ clock, latencyMs: 5 });
    received = [];
  });

  const listen = (): void => pair.server.onMessage((text) => received.push(text));

  it('delivers messages in order after the latency', async () => {
    listen();
    pair.client.send('a');
    pair.client.send('b');
    await clock.advance(4);
    assert.deepEqual(received, []);
    await clock.advance(1);
    assert.deepEqual(received, ['a', 'b']);
  });

  it('keeps messages that come before the first listener', async () => {
    pair.client.send('early');
    await clock.advance(10);
    listen();
    assert.deepEqual(received, ['early']);
  });

  it('delivers what was sent before a close, then tells both ends', async () => {
    listen();
    const closes: string[] = [];
    pair.server.onClose((code, reason) => closes.push(`server ${code} ${reason}`));
    pair.client.onClose((code) => closes.push(`client ${code}`));
    pair.client.send('last');
    pair.client.close(1000, 'done');
    pair.client.send('too late');
    await clock.advance(10);
    assert.deepEqual(received, ['last']);
    assert.deepEqual(closes.sort(), ['client 1000', 'server 1000 done']);
  });

  it('tells a listener that comes after the close', async () => {
    pair.cut();
    let code = 0;
    pair.client.onClose((closed) => {
      code = closed;
    });
    assert.equal(code, 1006);
  });

  it('counts bytes while the other end is paused, and delivers them after resume', async () => {
    listen();
    pair.server.pause();
    pair.client.send('12345');
    await clock.advance(10);
    assert.equal(pair.client.bufferedBytes, 5);
    pair.server.resume();
    assert.equal(pair.client.bufferedBytes, 0);
    assert.deepEqual(received, ['12345']);
  });

  it('loses what is under way when it is cut, and everything in silence when it is a black hole', async () => {
    listen();
    let closed = false;
    pair.server.onClose(() => {
      closed = true;
    });
    pair.client.send('lost');
    pair.blackhole();
    pair.client.close(1000);
    await clock.advance(100);
    assert.deepEqual([received, closed], [[], false]);
    pair.cut();
    assert.equal(closed, true);
  });

  it('holds everything while it is frozen', async () => {
    listen();
    pair.freeze();
    pair.client.send('held');
    await clock.advance(100);
    assert.deepEqual(received, []);
    pair.thaw();
    assert.deepEqual(received, ['held']);
  });
});
