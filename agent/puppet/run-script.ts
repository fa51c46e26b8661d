/**
 * The shell script that stands around one Puppet run and outlives the daemon. It is constant: folder, report, and the
 * command with its arguments are positional parameters, so nothing of a message is ever read as shell.
 *
 * `set -C` makes `pid` the claim: of two copies started for one run, one wins. The report is copied before the exit
 * code is written, because the next run of anybody replaces it; a file `exitcode` means that all is there.
 */
const RUN_SCRIPT = `
umask 022
dir=$1; report=$2; shift 2
set -C
echo "$$ $(cut -d ' ' -f 22 "/proc/$$/stat")" 2>/dev/null >"$dir/pid" || exit 0
set +C
"$@" >"$dir/output" 2>&1 </dev/null
code=$?
if [ "$report" -nt "$dir/run.json" ]; then cp "$report" "$dir/report.yaml"; fi
echo "$code" >"$dir/exitcode.part" && sync "$dir/exitcode.part"
mv "$dir/exitcode.part" "$dir/exitcode"
`;

/** Seconds between TERM and KILL when a run is over its time. */
const KILL_AFTER_S = 10;

/** What to run in a run folder. */
export interface ScriptInput {
  readonly dir: string;
  /** Puppet's last_run_report.yaml. */
  readonly reportPath: string;
  readonly timeoutS: number;
  /** Program and arguments. */
  readonly command: readonly string[];
}

/**
 * Arguments for /bin/sh. timeout(1) makes a process group of its own and ends all of it: 124 after TERM, 137 after KILL.
 * *Source:* coreutils timeout.
 */
export function scriptArguments(input: ScriptInput): string[] {
  const limited = ['timeout', '-k', String(KILL_AFTER_S), String(input.timeoutS), ...input.command];
  return ['-c', RUN_SCRIPT, 'muster-puppet-run', input.dir, input.reportPath, ...limited];
}
