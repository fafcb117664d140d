import { type Kv, KvError, type KvTxn, type KvTxnResult } from '../../ports/kv.js';
import { delegate } from './delegate-kv.js';

/** What becomes of a txn whose answer is lost. */
type Loss = 'after-writing' | 'before-writing';

/** A store that loses the answers to the next txns, as a cut connection does. */
export function lossyKv(inner: Kv, losses: Loss[]): Kv {
  const txn = async (request: KvTxn): Promise<KvTxnResult> => {
    const loss = losses.shift();
    if (loss === undefined) return inner.txn(request);
    if (loss === 'after-writing') await inner.txn(request);
    throw new KvError('unknown', 'the connection was cut');
  };
  return { ...delegate(inner), txn };
}
