import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { ControllerConfig } from '../../core/config/controller.ts';
import { endsSoon, endText } from '../../trust/expiry.ts';

/**
 * One line for standard error when the certificate of a config ends soon or has ended; null when it does not, or cannot be
 * read: then whoever needs it says so.
 */
export async function expiryWarning(
  { trust }: Pick<ControllerConfig, 'trust'>,
  nowMs: number,
): Promise<string | null> {
  try {
    const { subject, validFromDate, validToDate } = new X509Certificate(await readFile(trust.certificate));
    const dates = { notBeforeMs: validFromDate.getTime(), notAfterMs: validToDate.getTime() };
    if (!endsSoon(dates, nowMs)) return null;
    const name = /^CN=(.*)$/m.exec(subject)?.[1] ?? 'NAME';
    return `muster: your certificate ${trust.certificate} ${endText(dates.notAfterMs, nowMs)}; on the host of the CA: muster ca renew ${name}`;
  } catch {
    return null;
  }
}
