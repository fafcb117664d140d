import { type Static, Type } from 'typebox';
import { Id, Name, Port, strictObject } from '../spec/common.js';

const Address = Type.String({ maxLength: 64 });
/** Bounds of one question: what a node is made to send is little and soon over. */
const MAX_PEERS = 512;
const MAX_PORTS = 32;

/** What a manager asks of an agent about its network. Each is answered within seconds, and leaves nothing behind. */
export const ProbeRequest = Type.Union([
  /** Count VXLAN packets by their sender for so long, or until asked. */
  strictObject({ kind: Type.Literal('watch'), seconds: Type.Integer({ minimum: 1, maximum: 60 }) }),
  /** Send to peers, and tell what came of it. */
  strictObject({
    kind: Type.Literal('measure'),
    peers: Type.Array(
      strictObject({
        nodeId: Id,
        address: Address,
        /** Size of the largest packet between nodes that their networks need; absent: they share none. */
        packetBytes: Type.Optional(Type.Integer({ minimum: 68, maximum: 65_535 })),
      }),
      { maxItems: MAX_PEERS },
    ),
    /** Name servers at the gateways of networks, this node's own among them, and a name that each must know. */
    gateways: Type.Array(
      strictObject({
        nodeId: Id,
        networkId: Id,
        address: Address,
        /** Of networks with IPv6: must answer a ping. */
        address6: Type.Optional(Address),
        name: Name,
      }),
      { maxItems: 8 * MAX_PEERS },
    ),
    /** TCP ports that must take a connection. */
    ports: Type.Array(strictObject({ address: Address, port: Port }), { maxItems: MAX_PORTS * MAX_PEERS }),
  }),
  /** What was counted; counting ends. */
  strictObject({ kind: Type.Literal('counts') }),
]);
export type ProbeRequest = Static<typeof ProbeRequest>;

/** Packets of one sender: those that came to the host, and those that its firewall let through. */
export const VxlanCount = strictObject({ address: Address, arrived: Type.Integer(), taken: Type.Integer() });
export type VxlanCount = Static<typeof VxlanCount>;

export const ProbeAnswer = Type.Union([
  strictObject({ kind: Type.Literal('watching') }),
  strictObject({
    kind: Type.Literal('measured'),
    peers: Type.Array(
      strictObject({
        nodeId: Id,
        /** Whether a ping came back. */
        answersPing: Type.Boolean(),
        /** Largest packet, in bytes, that came through in one piece; absent when none of the sizes tried did. */
        pathMtu: Type.Optional(Type.Integer()),
        /** Why the host could not even send, in words. */
        refusal: Type.Optional(Type.String({ maxLength: 1024 })),
      }),
    ),
    /** The gateways whose name server answered; `ipv6`: it was also reached by IPv6. */
    gateways: Type.Array(strictObject({ nodeId: Id, networkId: Id, ipv6: Type.Optional(Type.Literal(true)) })),
    /** The ports that took a connection. */
    ports: Type.Array(strictObject({ address: Address, port: Port })),
  }),
  strictObject({ kind: Type.Literal('counts'), vxlan: Type.Array(VxlanCount) }),
  strictObject({ kind: Type.Literal('failed'), message: Type.String({ maxLength: 4096 }) }),
]);
export type ProbeAnswer = Static<typeof ProbeAnswer>;
