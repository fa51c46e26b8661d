/** Marks our one line. */
const MARK = '# muster';

/**
 * The hosts file with one line of ours, `ADDRESS NAME # muster`, before all other entries, because the first one wins.
 * Lines of others stay as they are, also those that contain the name or begin with it (`puppetdb`).
 * Pure: text in, text out. *Source:* set_puppet_host of the provisioner of 2010, which dropped every line with "puppet".
 */
export function withPuppetHost(hosts: string, ipaddress: string, hostname: string): string {
  const lines = hosts.replace(/\n$/, '').split('\n');
  const others = hosts === '' ? [] : lines.filter((line) => !line.trimEnd().endsWith(MARK));
  const firstEntry = others.findIndex((line) => line.trim() !== '' && !line.trimStart().startsWith('#'));
  const at = firstEntry < 0 ? others.length : firstEntry;
  return `${others.toSpliced(at, 0, `${ipaddress} ${hostname} ${MARK}`).join('\n')}\n`;
}
