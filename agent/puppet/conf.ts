/** Sections whose settings count for an agent, weakest first. */
const AGENT_SECTIONS = ['main', 'agent'];

/** Value of a setting as the agent sees it, or undefined. */
export function readSetting(conf: string, name: string): string | undefined {
  let section = 'main';
  const found = new Map<string, string>();
  for (const line of conf.split('\n')) {
    section = sectionOf(line) ?? section;
    const setting = settingOf(line);
    if (setting?.name === name) found.set(section, setting.value);
  }
  return AGENT_SECTIONS.map((candidate) => found.get(candidate)).findLast((value) => value !== undefined);
}

/**
 * puppet.conf with these settings in [main]; every other line stays as it is. A setting that stands in [main] already
 * is changed in its place; one in [agent], which would win there, is removed. Pure: text in, text out.
 */
export function withMainSettings(conf: string, settings: Readonly<Record<string, string>>): string {
  const missing = new Map(Object.entries(settings));
  const kept: string[] = [];
  let section = 'main';
  for (const line of conf === '' ? [] : conf.replace(/\n$/, '').split('\n')) {
    section = sectionOf(line) ?? section;
    const name = settingOf(line)?.name;
    if (name === undefined || !Object.hasOwn(settings, name) || !AGENT_SECTIONS.includes(section)) {
      kept.push(line);
    } else if (section === 'main' && missing.has(name)) {
      kept.push(`${name} = ${settings[name]}`);
      missing.delete(name);
    }
  }
  return `${insertIntoMain(kept, [...missing]).join('\n')}\n`;
}

function insertIntoMain(lines: readonly string[], missing: readonly [string, string][]): string[] {
  const added = missing.map(([name, value]) => `${name} = ${value}`);
  if (added.length === 0) return [...lines];
  const at = lines.findIndex((line) => sectionOf(line) === 'main');
  if (at >= 0) return lines.toSpliced(at + 1, 0, ...added);
  return ['[main]', ...added, ...(lines.length === 0 ? [] : ['']), ...lines];
}

function sectionOf(line: string): string | undefined {
  return /^\s*\[\s*([\w-]+)\s*\]/.exec(line)?.[1];
}

function settingOf(line: string): { name: string; value: string } | undefined {
  const match = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line);
  return match?.[1] === undefined ? undefined : { name: match[1], value: match[2] ?? '' };
}
