export { findIdentity, Identity, loadIdentity, removeIdentity } from './identity.js';
export { type JoinOptions, joinCluster } from './join.js';
