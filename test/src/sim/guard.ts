import nodeCrypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import nodeTimers from 'node:timers';
import nodeTimersPromises from 'node:timers/promises';

type Callable = (...args: never[]) => unknown;

/** What code under the simulator may not ask: the machine's time and chance. */
const FORBIDDEN: ReadonlyArray<[owner: object, ownerName: string, name: string]> = [
  [Date, 'Date', 'now'],
  [Math, 'Math', 'random'],
  [performance, 'performance', 'now'],
  [globalThis, 'globalThis', 'setTimeout'],
  [globalThis, 'globalThis', 'setInterval'],
  [globalThis.crypto, 'crypto', 'randomUUID'],
  [globalThis.crypto, 'crypto', 'getRandomValues'],
  [nodeCrypto, 'node:crypto', 'randomUUID'],
  [nodeCrypto, 'node:crypto', 'randomBytes'],
  [nodeCrypto, 'node:crypto', 'randomInt'],
  [nodeCrypto, 'node:crypto', 'randomFillSync'],
  [nodeTimers, 'node:timers', 'setTimeout'],
  [nodeTimers, 'node:timers', 'setInterval'],
  [nodeTimersPromises, 'node:timers/promises', 'setTimeout'],
  [process, 'process', 'hrtime'],
];

/**
 * Runs `work` while the machine's time and chance are out of reach: to ask for them throws, and is told after the run even
 * where the product caught the error.
 * @throws Error naming what was asked for.
 */
export async function withoutMachine<T>(work: () => Promise<T>): Promise<T> {
  const asked: string[] = [];
  const restore = takeAway(asked);
  const result = await work().finally(restore);
  if (asked.length > 0)
    throw new Error(`the machine's time or chance was asked for during the simulation: ${asked.slice(0, 5).join('\n')}`);
  return result;
}

function takeAway(asked: string[]): () => void {
  const RealDate = globalThis.Date;
  const undos = FORBIDDEN.map(([owner, ownerName, name]) => forbid(owner, name, `${ownerName}.${name}`, asked));
  globalThis.Date = dateWithoutNow(RealDate, asked);
  syncBuiltinESMExports();
  return () => {
    globalThis.Date = RealDate;
    for (const undo of undos) undo();
    syncBuiltinESMExports();
  };
}

function forbid(owner: object, name: string, words: string, asked: string[]): () => void {
  const own = Object.getOwnPropertyDescriptor(owner, name);
  const refuse: Callable = () => {
    throw refusal(words, asked);
  };
  // process.hrtime has a form of its own.
  Object.assign(refuse, { bigint: refuse });
  Object.defineProperty(owner, name, { value: refuse, configurable: true, writable: true });
  return () => {
    if (own) Object.defineProperty(owner, name, own);
    else Reflect.deleteProperty(owner, name);
  };
}

/** `new Date(ms)` is a calculation; `new Date()` asks for the time. */
function dateWithoutNow(RealDate: DateConstructor, asked: string[]): DateConstructor {
  return new Proxy(RealDate, {
    apply() {
      throw refusal('Date()', asked);
    },
    construct(target, args) {
      if (args.length === 0 && isCroner()) return new RealDate(Number.NaN);
      if (args.length === 0) throw refusal('new Date()', asked);
      return Reflect.construct(target, args);
    },
  });
}

/**
 * The reader of schedules takes the time whenever it is asked, and uses it only when it was given none. What it gets here is no time at all, so
 * that a use of it would show.
 */
function isCroner(): boolean {
  return /node_modules\/croner\//.test(new Error('who asks').stack?.split('\n')[3] ?? '');
}

function refusal(words: string, asked: string[]): Error {
  const error = new Error(`${words} is out of reach in the simulation: take a Clock or a Random`);
  asked.push(error.stack ?? words);
  return error;
}
