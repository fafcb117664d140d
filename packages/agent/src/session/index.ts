export { ConnectError, type Connector } from './connector.js';
export { type Session, type SessionOptions, type SessionState, startSession, startSessionOver } from './session.js';
