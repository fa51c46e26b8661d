import { describe, expect, test } from 'vitest';
import { makeProsody } from '../kit/prosody.ts';
import { freePort, serverCertificate } from './services.ts';
import { DOMAIN, ONCALL, XmppLab } from './xmpp-lab.ts';

const lab = new XmppLab();

describe('login', () => {
  test('with a wrong password is NOTIFY_REJECTED, and a replaced file is read again', async () => {
    const password_file = await lab.file('changing', 'battery staple');
    const failed = lab.send(ONCALL, { options: { password_file } });
    await expect(failed).rejects.toMatchObject({ code: 'NOTIFY_REJECTED' });
    await expect(failed).rejects.toThrow('not-authorized');
    await expect(failed).rejects.not.toThrow('battery staple');
    await lab.file('changing', 'correct horse');
    await lab.send(ONCALL, { options: { password_file } });
  });

  test('with a password file that is not there names it', async () => {
    await expect(lab.send(ONCALL, { options: { password_file: '/nowhere/password' } })).rejects.toThrow(
      '/nowhere/password',
    );
  });
});

describe('TLS', () => {
  test.each([
    ['from the first byte on', () => lab.direct],
    ['after STARTTLS', () => lab.startTls],
  ])('%s trusts the CA of these options only, even after others trusted it', async (_name, service) => {
    await lab.send(ONCALL, { options: { service: service() } });
    const without = { service: service(), ca_file: undefined };
    await expect(lab.send(ONCALL, { options: without })).rejects.toMatchObject({
      code: 'NOTIFY_UNREACHABLE',
    });
    const other = {
      service: service(),
      ca_file: await lab.file('other.pem', serverCertificate([DOMAIN]).ca),
    };
    await expect(lab.send(ONCALL, { options: other })).rejects.toMatchObject({ code: 'NOTIFY_UNREACHABLE' });
  });

  test('refuses a certificate of another name, at once or after STARTTLS', async () => {
    const ports = { startTls: await freePort(), tls: await freePort() };
    const wrong = serverCertificate(['other.test']);
    const ca_file = await lab.file('wrong-name.pem', wrong.ca);
    const misnamed = await makeProsody({ ...lab.settings, ...wrong, ports });
    try {
      await misnamed.start();
      for (const service of [`xmpps://127.0.0.1:${ports.tls}`, `xmpp://127.0.0.1:${ports.startTls}`]) {
        const sending = lab.send(ONCALL, { options: { service, ca_file } });
        await expect(sending).rejects.toMatchObject({ code: 'NOTIFY_UNREACHABLE' });
        await expect(sending).rejects.toThrow("does not match certificate's altnames");
      }
    } finally {
      await misnamed.remove();
    }
  });

  test('that is not offered: no login is tried and nothing is sent', async () => {
    const ports = { startTls: await freePort(), tls: await freePort() };
    const naked = await makeProsody({ ...lab.settings, ports, encryption: false });
    try {
      await naked.start();
      const sending = lab.send(ONCALL, { options: { service: `xmpp://127.0.0.1:${ports.startTls}` } });
      await expect(sending).rejects.toMatchObject({ code: 'NOTIFY_UNREACHABLE' });
      await expect(sending).rejects.toThrow('no encryption');
    } finally {
      await naked.remove();
    }
  });
});
