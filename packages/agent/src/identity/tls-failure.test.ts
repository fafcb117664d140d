import assert from 'node:assert/strict';
import { explainFailure } from './tls-failure.js';

describe('explainFailure', () => {
  const peer = { manager: 'https://m1:4600', nowMs: Date.UTC(2020, 0, 1) };
  const explain = (code: string, message = ''): ReturnType<typeof explainFailure> =>
    explainFailure(Object.assign(new Error(message), { code }), peer);

  it('names what to look at for each cause', () => {
    assert.match(explain('ECONNREFUSED').message, /nothing listens there: is the manager running/);
    assert.match(explain('ENOTFOUND').message, /the name is unknown/);
    assert.match(explain('ETIMEDOUT').message, /a firewall may drop the packets/);
    assert.match(explain('ERR_SSL_WRONG_VERSION_NUMBER').message, /not with TLS/);
    assert.match(explain('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION').message, /does not speak TLS 1\.3/);
    assert.match(explain('SELF_SIGNED_CERT_IN_CHAIN').message, /belongs to another cluster/);
    assert.match(
      explain('', 'the certificate that the server shows is not one of a manager').message,
      /another cluster or to something else/,
    );
  });

  it("shows this host's time when a certificate is not of this time", () => {
    assert.match(explain('CERT_NOT_YET_VALID').message, /is not valid yet, and this host's clock says 2020-01-01T00:00:00\.000Z/);
    assert.match(explain('CERT_HAS_EXPIRED').message, /has expired/);
  });

  it('takes an alert about our certificate for a refusal of this node, and nothing else', () => {
    assert.equal(explain('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED').kind, 'own-certificate');
    assert.equal(explain('ERR_SSL_SSLV3_ALERT_CERTIFICATE_EXPIRED').kind, 'own-certificate');
    assert.equal(explain('ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE').kind, 'other');
    assert.equal(explainFailure('odd', peer).message, 'https://m1:4600: odd');
  });
});
