import assert from 'node:assert/strict';
import { pathMtu } from './path-mtu.js';

/** A way that ends at so many bytes. @returns what is found, and the sizes of the pings that it took */
async function found(
  mtu: number,
  needed?: number,
  answersSmall = true,
): Promise<{ mtu: number | undefined; pings: (number | undefined)[] }> {
  const pings: (number | undefined)[] = [];
  const ping = async (bytes?: number): Promise<boolean> => {
    pings.push(bytes);
    return bytes === undefined ? answersSmall : bytes <= mtu;
  };
  return { mtu: await pathMtu(ping, needed), pings };
}

describe('the path MTU', () => {
  for (const mtu of [576, 1280, 1380, 1420, 1450, 1492, 1500, 9000])
    it(`is found where a way ends at ${mtu}, by few pings`, async () => {
      const { mtu: is, pings } = await found(mtu);
      assert.equal(is, mtu);
      assert.ok(pings.length <= 7, `pings: ${pings}`);
    });

  it('takes two pings where the usual packets get through', async () => {
    assert.deepEqual(await found(1500), { mtu: 1500, pings: [1500, 9000] });
  });

  it('tells between which of the sizes a way ends', async () => {
    assert.equal((await found(1437)).mtu, 1430);
  });

  it('is that of a size that is needed, whatever it is', async () => {
    assert.deepEqual(await found(1412, 1412), { mtu: 1412, pings: [1412, 1476, 1430, 1420] });
  });

  it('is nothing where nothing comes back, after two pings', async () => {
    assert.deepEqual(await found(0, 1500, false), { mtu: undefined, pings: [1500, undefined] });
  });

  it('is 0 where only broken packets come back', async () => {
    assert.equal((await found(0)).mtu, 0);
  });
});
