import type { ICompare, IEvent, IKeyValue, IRequestOp } from 'etcd3';
import type { KvCompare, KvEntry, KvEvent, KvOp } from '../../../ports/kv.js';

interface ByteRange {
  key: Buffer;
  range_end: Buffer;
}

const ZERO = Buffer.from([0]);
const NO_LEASE = '0';

/** Translates between the port and etcd's messages, with all keys of the store under one prefix in etcd. */
export class Codec {
  readonly #namespace: string;

  constructor(namespace: string) {
    this.#namespace = namespace;
  }

  key(key: string): Buffer {
    return Buffer.from(this.#namespace + key);
  }

  /** All keys that begin with `prefix`, from `startKey` on. */
  prefixRange(prefix: string, startKey = prefix): ByteRange {
    const start = this.key(startKey);
    return { key: start.length > 0 ? start : ZERO, range_end: endOfPrefix(this.key(prefix)) };
  }

  compare(compare: KvCompare): ICompare {
    const key = this.key(compare.key);
    if ('modRevision' in compare) return { key, target: 'Mod', result: 'Equal', mod_revision: compare.modRevision };
    return { key, target: 'Version', result: compare.exists ? 'Greater' : 'Equal', version: 0 };
  }

  op(op: KvOp<string>): IRequestOp {
    switch (op.type) {
      case 'put':
        return { request_put: { key: this.key(op.key), value: Buffer.from(op.value), lease: op.leaseId ?? NO_LEASE } };
      case 'delete':
        return { request_delete_range: { key: this.key(op.key) } };
      case 'delete-prefix':
        return { request_delete_range: this.prefixRange(op.prefix) };
    }
  }

  entry(keyValue: IKeyValue): KvEntry {
    return {
      key: this.#localKey(keyValue),
      value: keyValue.value.toString(),
      createRevision: Number(keyValue.create_revision),
      modRevision: Number(keyValue.mod_revision),
      version: Number(keyValue.version),
      ...(keyValue.lease !== NO_LEASE && { leaseId: keyValue.lease }),
    };
  }

  event(event: IEvent): KvEvent {
    if (event.type === 'Put') return { type: 'put', entry: this.entry(event.kv) };
    return { type: 'delete', key: this.#localKey(event.kv), modRevision: Number(event.kv.mod_revision) };
  }

  #localKey(keyValue: IKeyValue): string {
    return keyValue.key.toString().slice(this.#namespace.length);
  }
}

/** The first byte string after all that begin with `prefix`. A zero byte tells etcd that there is no end. */
function endOfPrefix(prefix: Buffer): Buffer {
  const last = prefix.findLastIndex((byte) => byte < 0xff);
  if (last < 0) return ZERO;
  const end = Buffer.from(prefix.subarray(0, last + 1));
  end.writeUInt8(end.readUInt8(last) + 1, last);
  return end;
}
