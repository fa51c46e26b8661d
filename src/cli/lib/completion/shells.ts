const BASH = `# bash completion of muster
_muster() {
  local IFS=$'\\n'
  COMPREPLY=($(muster complete "$COMP_CWORD" -- "\${COMP_WORDS[@]}" 2>/dev/null))
  [[ \${#COMPREPLY[@]} -gt 0 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
}
complete -o default -F _muster muster`;

const ZSH = `#compdef muster
_muster() {
  local -a found
  found=("\${(@f)$(muster complete $((CURRENT - 1)) -- "\${words[@]}" 2>/dev/null)}")
  if [[ -z "\${found[1]}" ]]; then
    _files
  elif [[ "\${found[1]}" == *= ]]; then
    compadd -S '' -- "\${found[@]}"
  else
    compadd -- "\${found[@]}"
  fi
}
compdef _muster muster`;

/** What a shell reads to complete command lines of Muster, by its name. */
export const SHELLS: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH };
