/** Program for embedded-crash.test.ts: writes keys until it is killed, and prints "key=revision" for each acknowledged write. */
import { writeSync } from 'node:fs';
import { SystemClock, silentLog } from '@tessera/kit';
import { EmbeddedKv } from '@tessera/manager/adapters/kv/embedded/embedded-kv';
import { write } from './recorder.js';

const LANES = 5;

const [directory = '', round = ''] = process.argv.slice(2);
const kv = new EmbeddedKv({ directory, clock: new SystemClock(), log: silentLog });

async function writeForever(lane: number): Promise<void> {
  for (let count = 0; ; count++) {
    const key = `${round}/${lane}/${count}`;
    writeSync(1, `${key}=${await write(kv, key, 'v'.repeat(count % 3000))}\n`);
  }
}

await Promise.all(Array.from({ length: LANES }, (_, lane) => writeForever(lane)));
